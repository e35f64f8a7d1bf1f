/* png_meta.h - what a PNG says beside its pixels, as raw chunks in the file's order.
 *
 * Damaged, malformed, misplaced and repeated chunks are left out, as decoders ignore them, and so
 * are those that do not survive a change of the pixels (the specification's safe-to-copy bit). Each
 * of them adds a warning. sBIT and bKGD are stated for the decoded format: a palette's as for RGB,
 * low depths' as for 8 bits.
 * Threads: read-only once the reader has filled it. */
#ifndef UPSCALED_PNG_PNG_META_H
#define UPSCALED_PNG_PNG_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "engine/png/png_warnings.h"

/* Which metadata goes into the output: all that still holds, what says how to show the pixels,
 * none. */
enum png_metadata { METADATA_KEEP, METADATA_COLOR, METADATA_NONE };

struct png_chunk {
    char type[5]; /* "gAMA" */
    uint32_t length;
    const uint8_t *data; /* in the block of png_meta.chunks, or in the file */
    bool after_pixels;   /* it follows IDAT */
};

struct png_meta {
    struct png_chunk *chunks; /* one block of memory */
    int count;
    struct png_warnings warnings; /* what is not in the list, and what is mended */
};

void png_meta_init(struct png_meta *m);
void png_meta_done(struct png_meta *m);

/* Copies `from`, with all data, into the initialised, empty `to`. On ERR_MEMORY `to` stays empty.
 */
enum err_code png_meta_copy(struct png_meta *to, const struct png_meta *from, struct err *e);

#endif
