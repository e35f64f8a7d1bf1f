/* mem.c - aligned allocation with a fault to inject. */
#include "engine/base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "engine/base/size.h"

/* The one mutable global of the engine: tests count allocations down with it. */
static atomic_long fail_countdown = -1;

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

void *mem_alloc(size_t count, size_t size)
{
    size_t bytes, padded;
    if (!size_mul(count, size, &bytes) || !size_add(bytes, MEM_ALIGN, &padded) || must_fail())
        return NULL;
    return aligned_alloc(MEM_ALIGN, padded / MEM_ALIGN * MEM_ALIGN);
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
    free(p);
}

void mem_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
