/* png_meta.h - the metadata of a PNG, as raw chunks in the order of the file.
 *
 * Damaged, malformed, misplaced and repeated chunks are left out, because decoders ignore them.
 * Chunks that do not survive a change of the pixels (by the safe-to-copy bit of the specification)
 * are left out too. Each of them adds a warning for the choices of metadata that would keep it: an
 * output without a profile has nothing to say about a profile. sBIT and bKGD are stated for the decoded format:
 * those of a palette as for RGB, those of low depths as for 8 bits.
 *
 * Threads: read-only once the reader has filled it. */
#ifndef UPSCALED_PNG_PNG_META_H
#define UPSCALED_PNG_PNG_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "engine/png/png_warnings.h"

/* The metadata that goes into the output: everything that still holds, only what says how to show
 * the pixels, or nothing. */
enum png_metadata { METADATA_KEEP, METADATA_COLOR, METADATA_NONE, METADATAS };

struct png_chunk {
    char type[5]; /* "gAMA" */
    uint32_t length;
    const uint8_t *data; /* in the block of png_meta.chunks, or in the file */
    bool after_pixels;   /* it follows IDAT */
};

struct png_meta {
    struct png_chunk *chunks; /* one block of memory */
    int count;
    struct png_warnings warnings[METADATAS]; /* what was left out or mended, for each choice */
};

void png_meta_init(struct png_meta *m);
void png_meta_done(struct png_meta *m);

/* Adds a warning that concerns every choice of metadata. */
void png_meta_warn(struct png_meta *m, enum png_warning kind);

/* Copies `from`, with all data, into the initialised, empty `to`. On ERR_MEMORY `to` stays empty.
 */
enum err_code png_meta_copy(struct png_meta *to, const struct png_meta *from, struct err *e);

#endif
