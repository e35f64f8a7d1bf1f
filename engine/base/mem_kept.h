/* mem_kept.h - allocates blocks and keeps large ones that were freed for the allocations to come.
 * Only mem.c uses it.
 *
 * New pages are dear: the system clears each when it is first touched, which takes 0.3 to 8 us, and
 * an enlarged picture needs thousands. Blocks that are kept have their pages.
 *
 * The blocks in use and those kept together never have more bytes than were in use at once since
 * mem_kept_drop. So whoever bounds what is in use bounds both. Threads: any. */
#ifndef UPSCALED_BASE_MEM_KEPT_H
#define UPSCALED_BASE_MEM_KEPT_H

#include <stddef.h>

/* Starts to keep blocks. Call it when the program starts: a block that is larger than MEM_LARGE
 * and older than this call would be counted when it is freed, but was not when it was made. */
void mem_kept_begin(void);

/* Returns a block of `bytes`, a multiple of MEM_ALIGN, to which it is aligned, or NULL. */
void *mem_kept_alloc(size_t bytes);

/* Shortens a block. It may move and lose its alignment. Never fails. */
void *mem_kept_shorten(void *p, size_t bytes);

/* Frees a block, or keeps it. NULL is fine. */
void mem_kept_free(void *p);

/* Frees all kept blocks. */
void mem_kept_drop(void);

#endif
