/* mem_kept.c - see mem_kept.h. */
#include "engine/base/mem_kept.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "engine/base/mem.h"

enum { MOST = 64 }; /* of a list; a request has five large blocks at a time */

struct block {
    void *p;
    size_t bytes;
    size_t asked; /* that it was allocated with: more, if it was shortened */
};

struct list {
    struct block blocks[MOST];
    int count;
};

/* Mutable globals: the memory of the process. The lock guards all but the first. */
static atomic_bool keeping;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list kept, shortened; /* the second are in use */
static size_t kept_bytes, used_bytes, used_most;

/* Only glibc tells the size of a block and gives each large one a mapping of its own, which grows
 * without copies. The address sanitizer has to see each free. */
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
void mem_kept_begin(void)
{
    mallopt(M_MMAP_THRESHOLD, (int)MEM_LARGE); /* constant, where glibc would raise it */
    atomic_store(&keeping, true);
}

static size_t whole_size(void *p)
{
    return malloc_usable_size(p);
}
#else
void mem_kept_begin(void)
{
}

static size_t whole_size(void *p)
{
    (void)p;
    return 0;
}
#endif

/* Returns the size of a large block, or 0 for one that is never kept. */
static size_t size_of(void *p)
{
    size_t bytes = p && atomic_load_explicit(&keeping, memory_order_relaxed) ? whole_size(p) : 0;
    return bytes < MEM_LARGE ? 0 : bytes;
}

static struct block removed(struct list *l, int i)
{
    struct block b = l->blocks[i];
    l->blocks[i] = l->blocks[--l->count];
    return b;
}

/* Takes blocks off the list until the others fit beside what is in use: the smallest that is large
 * enough, or the largest. Returns their number. */
static int make_fit(void *drop[MOST])
{
    int dropped = 0;
    while (kept_bytes > used_most - used_bytes) {
        size_t over = kept_bytes - (used_most - used_bytes);
        int best = 0;
        for (int i = 1; i < kept.count; i++) {
            size_t a = kept.blocks[i].bytes, b = kept.blocks[best].bytes;
            if (a >= over ? b < over || a < b : b < over && a > b)
                best = i;
        }
        struct block b = removed(&kept, best);
        kept_bytes -= b.bytes;
        drop[dropped++] = b.p;
    }
    return dropped;
}

/* Counts a block that is in use from now on. */
static void count(size_t bytes)
{
    void *drop[MOST];
    if (bytes == 0)
        return;
    pthread_mutex_lock(&lock);
    used_bytes += bytes;
    if (used_bytes > used_most)
        used_most = used_bytes;
    int dropped = make_fit(drop);
    pthread_mutex_unlock(&lock);
    while (dropped > 0)
        free(drop[--dropped]);
}

/* Takes the kept block whose size when it was allocated is nearest to `bytes`, and not off by more
 * than a half: too much would be lost, or new. Returns it without a pointer if there is none. */
static struct block take(size_t bytes)
{
    struct block b = {0};
    size_t least = bytes / 2;
    int best = -1;
    pthread_mutex_lock(&lock);
    for (int i = 0; i < kept.count; i++) {
        size_t asked = kept.blocks[i].asked, off = asked > bytes ? asked - bytes : bytes - asked;
        if (off <= least) {
            best = i;
            least = off;
        }
    }
    if (best >= 0)
        b = removed(&kept, best);
    kept_bytes -= b.bytes;
    pthread_mutex_unlock(&lock);
    return b;
}

/* Gives a kept block another size. Returns NULL, and frees it, if memory is out or the C library
 * moved it to where it is not aligned. */
static void *resized(void *p, size_t bytes)
{
    void *q = realloc(p, bytes);
    if (q && (uintptr_t)q % MEM_ALIGN == 0)
        return q;
    free(q ? q : p);
    return NULL;
}

void *mem_kept_alloc(size_t bytes)
{
    void *p = bytes >= MEM_LARGE ? take(bytes).p : NULL;
    if (p)
        p = resized(p, bytes);
    if (!p)
        p = aligned_alloc(MEM_ALIGN, bytes);
    count(size_of(p));
    return p;
}

/* Returns the bytes that a block of `bytes` was allocated with, and forgets the note about it. */
static size_t asked_for(void *p, size_t bytes)
{
    for (int i = 0; i < shortened.count; i++)
        if (shortened.blocks[i].p == p)
            return removed(&shortened, i).asked;
    return bytes;
}

void *mem_kept_shorten(void *p, size_t bytes)
{
    size_t before = size_of(p), asked = before;
    if (before > 0) {
        pthread_mutex_lock(&lock);
        asked = asked_for(p, before);
        pthread_mutex_unlock(&lock);
    }
    void *q = realloc(p, bytes ? bytes : 1);
    q = q ? q : p;
    if (before == 0)
        return q;
    size_t after = size_of(q);
    pthread_mutex_lock(&lock);
    if (after > 0 && shortened.count < MOST) /* the others will be kept for their own size */
        shortened.blocks[shortened.count++] = (struct block){q, after, asked};
    used_bytes -= before - after;
    pthread_mutex_unlock(&lock);
    return q;
}

void mem_kept_free(void *p)
{
    struct block b = {.p = p, .bytes = size_of(p)};
    if (b.bytes > 0) {
        pthread_mutex_lock(&lock);
        b.asked = asked_for(p, b.bytes);
        used_bytes -= b.bytes;
        if (kept.count < MOST) {
            kept.blocks[kept.count++] = b;
            kept_bytes += b.bytes;
            p = NULL;
        }
        pthread_mutex_unlock(&lock);
    }
    free(p);
}

void mem_kept_drop(void)
{
    void *drop[MOST];
    int dropped = 0;
    pthread_mutex_lock(&lock);
    while (kept.count > 0)
        drop[dropped++] = removed(&kept, 0).p;
    kept_bytes = 0;
    used_most = used_bytes;
    pthread_mutex_unlock(&lock);
    while (dropped > 0)
        free(drop[--dropped]);
}
