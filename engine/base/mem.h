/* mem.h - allocates all memory of the engine: aligned for vectors, checked, and able to fail on
 * demand.
 *
 * Blocks are aligned to 64 bytes (a cache line, the widest vector). Free them with mem_free only.
 * Threads: any. */
#ifndef UPSCALED_BASE_MEM_H
#define UPSCALED_BASE_MEM_H

#include <stddef.h>

#define MEM_ALIGN 64

/* The most that a block takes beyond the bytes asked for: its alignment and, if it is large, the
 * rest of a page. */
#define MEM_SLACK 8192

/* Returns an uninitialised block of count * size bytes, or NULL if the product overflows or memory
 * is out. If the product is 0, the block is valid and unique. */
void *mem_alloc(size_t count, size_t size);

/* Does the same for a block that will be used all and often. It asks the system for huge pages,
 * with which the processor translates addresses faster. */
void *mem_alloc_dense(size_t count, size_t size);

/* Does the same as mem_alloc, and sets all bytes to 0. */
void *mem_calloc(size_t count, size_t size);

/* Resizes a block of `old_bytes` to `new_bytes` and keeps the common part. Returns the new block;
 * `p` may be NULL. If memory is out, returns NULL, and `p` stays valid. */
void *mem_resize(void *p, size_t old_bytes, size_t new_bytes);

/* Shortens a block to its first `bytes`. The block may move and lose its alignment. Never fails. */
void *mem_shrink(void *p, size_t bytes);

/* Divides a block into aligned parts. Returns the next count * size bytes of `block`, of which
 * *used bytes are taken, and adds them to *used, rounded up to MEM_ALIGN. If `block` is NULL, it
 * only counts. If the sum overflows, *used becomes SIZE_MAX and stays so. */
void *mem_part(void *block, size_t *used, size_t count, size_t size);

/* Returns a copy of `s` (mem_free), or NULL if memory is out. */
char *mem_strdup(const char *s);
void mem_free(void *p); /* NULL is fine */

/* Returns freed memory to the system, if the C library can. */
void mem_trim(void);

/* Makes mem_free keep blocks of MEM_LARGE bytes or more for the allocations to come, until
 * mem_trim: new pages are dear (mem_kept.h). Without it, the C library keeps some for each thread
 * that had one, and a server's memory grows with its threads. Call it when the program starts. */
#define MEM_LARGE ((size_t)1 << 20)
void mem_keep_large(void);

/* For tests: makes the nth allocation from now on fail, once (0 is the next). A negative n makes
 * none fail. It concerns the whole process. Without tests it costs one relaxed load. */
void mem_fail_nth(long n);

/* For tests: mem_count starts to count the bytes that are allocated and not yet freed, as the C
 * library rounds them. mem_count_most ends the counting and returns the largest count, or 0 if the
 * C library cannot tell a block's size. They concern the whole process. Without tests they cost one
 * relaxed load. */
void mem_count(void);
size_t mem_count_most(void);

#endif
