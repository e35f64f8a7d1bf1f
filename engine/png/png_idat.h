/* png_idat.h - the contents of the IDAT chunks of a file, one after the other.
 *
 * Threads: an iterator belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_IDAT_H
#define UPSCALED_PNG_PNG_IDAT_H

#include "engine/png/png_walk.h"

struct png_idat {
    const uint8_t *bytes; /* the file, borrowed */
    struct png_span whole, cut;
};

void png_idat_init(struct png_idat *d, const uint8_t *bytes, const struct png_walk *walk);

/* Finds the next contents that are not empty, and skips those of empty chunks. Returns false at the
 * end. `arg` is the struct png_idat, so that this is an inflate_next. */
bool png_idat_next(void *arg, const uint8_t **bytes, size_t *length);

#endif
