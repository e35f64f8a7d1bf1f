/* mem.h - the engine's allocations: aligned for vectors, checked, and able to fail on demand.
 *
 * Blocks are aligned to 64 bytes (a cache line, the widest vector). Release with mem_free only. */
#ifndef UPSCALED_BASE_MEM_H
#define UPSCALED_BASE_MEM_H

#include <stddef.h>

#define MEM_ALIGN 64

/* What a block may take beyond the bytes asked for: alignment, and a page where it is large. */
#define MEM_SLACK 8192

/* Uninitialised block of count * size bytes; NULL when that overflows or memory is out.
 * A zero-sized request gives a valid, unique pointer. */
void *mem_alloc(size_t count, size_t size);

/* mem_alloc for a block that will be used whole and again and again: in huge pages, where the system
 * has them for those who ask, so that addresses are found quickly. */
void *mem_alloc_dense(size_t count, size_t size);

void *mem_calloc(size_t count, size_t size); /* mem_alloc, zeroed */

/* Grows or shrinks `p` (NULL: a new block) of `old_bytes` to `new_bytes`, keeping the common part.
 * On failure NULL, and `p` stays valid. */
void *mem_resize(void *p, size_t old_bytes, size_t new_bytes);

/* Shortens a block to its first `bytes`. The block may move and lose its alignment. Never fails. */
void *mem_shrink(void *p, size_t bytes);

/* The next count x size bytes, aligned to MEM_ALIGN, of a block of which *used are taken. A NULL
 * block is only measured; where the sum does not fit, *used becomes SIZE_MAX and stays so. */
void *mem_part(void *block, size_t *used, size_t count, size_t size);

char *mem_strdup(const char *s);
void mem_free(void *p); /* NULL is fine */

/* Returns freed memory to the system, where the C library can. */
void mem_trim(void);

/* From now on, blocks of MEM_LARGE and more are returned to the system when they are freed. By
 * default the C library keeps them for each thread that had one, and a server's memory grows with
 * its threads. To be called when the program starts. */
#define MEM_LARGE ((size_t)1 << 20)
void mem_return_large(void);

/* Tests only: the nth allocation from now on (0 is the next) fails, once; a negative n never.
 * Process-wide, so one test at a time; costs one relaxed load while unused. */
void mem_fail_nth(long n);

/* Tests only: counts from here on what is allocated and not yet freed, as the C library rounds it;
 * mem_count_most gives the most that it came to and ends the counting (0 where the library cannot
 * tell a block's size). Process-wide; costs one relaxed load while unused. */
void mem_count(void);
size_t mem_count_most(void);

#endif
