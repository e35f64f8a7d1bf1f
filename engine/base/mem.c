/* mem.c - see mem.h. The C library allocates; tests can count the bytes and make allocations
 * fail. */
#include "engine/base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "engine/base/mem_kept.h"
#include "engine/base/size.h"

/* Mutable globals, for tests only: how many allocations succeed until one fails, and how many bytes
 * are allocated. */
static atomic_long fail_countdown = -1;
static atomic_bool counting;
static atomic_llong counted, counted_most;

static int must_fail(void)
{
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) < 0)
        return 0;
    return atomic_fetch_sub(&fail_countdown, 1) == 0;
}

void mem_fail_nth(long n)
{
    atomic_store(&fail_countdown, n < 0 ? -1 : n);
}

/* Adds the bytes of `p` to the count (`sign` is 1), or subtracts them (-1). */
static void account(void *p, int sign)
{
#ifdef __GLIBC__
    if (!p || !atomic_load_explicit(&counting, memory_order_relaxed))
        return;
    long long change = sign * (long long)malloc_usable_size(p);
    long long now = atomic_fetch_add(&counted, change) + change;
    long long most = atomic_load(&counted_most);
    while (now > most && !atomic_compare_exchange_weak(&counted_most, &most, now))
        ;
#else
    (void)p, (void)sign;
#endif
}

void mem_count(void)
{
    atomic_store(&counted, 0);
    atomic_store(&counted_most, 0);
    atomic_store(&counting, true);
}

size_t mem_count_most(void)
{
    atomic_store(&counting, false);
    return (size_t)atomic_load(&counted_most);
}

void *mem_alloc(size_t n, size_t size)
{
    size_t bytes, padded;
    if (!size_mul(n, size, &bytes) || !size_add(bytes, MEM_ALIGN, &padded) || must_fail())
        return NULL;
    void *p = mem_kept_alloc(padded / MEM_ALIGN * MEM_ALIGN);
    account(p, 1);
    return p;
}

void *mem_alloc_dense(size_t count, size_t size)
{
    char *p = mem_alloc(count, size);
#ifdef MADV_HUGEPAGE
    enum { HUGE_PAGE = 2 * 1024 * 1024 };
    size_t before = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE, bytes = count * size;
    if (p && bytes >= before + HUGE_PAGE)
        madvise(p + before, (bytes - before) / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return p;
}

void *mem_calloc(size_t count, size_t size)
{
    void *p = mem_alloc(count, size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

void *mem_resize(void *p, size_t old_bytes, size_t new_bytes)
{
    void *q = mem_alloc(1, new_bytes);
    if (!q)
        return NULL;
    if (p)
        memcpy(q, p, old_bytes < new_bytes ? old_bytes : new_bytes);
    mem_free(p);
    return q;
}

void *mem_shrink(void *p, size_t bytes)
{
    account(p, -1);
    void *q = mem_kept_shorten(p, bytes);
    account(q, 1);
    return q;
}

void *mem_part(void *block, size_t *used, size_t count, size_t size)
{
    size_t bytes, end, at = *used;
    if (!size_mul(count, size, &bytes) || !size_add(bytes, MEM_ALIGN - 1, &bytes) ||
        !size_add(at, bytes / MEM_ALIGN * MEM_ALIGN, &end)) {
        *used = SIZE_MAX;
        return NULL;
    }
    *used = end;
    return block ? (char *)block + at : NULL;
}

char *mem_strdup(const char *s)
{
    size_t bytes = strlen(s) + 1;
    char *copy = mem_alloc(1, bytes);
    if (copy)
        memcpy(copy, s, bytes);
    return copy;
}

void mem_free(void *p)
{
    account(p, -1);
    mem_kept_free(p);
}

void mem_trim(void)
{
    mem_kept_drop();
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void mem_keep_large(void)
{
    mem_kept_begin();
}
