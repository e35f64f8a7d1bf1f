/* png_meta.h - what a PNG says beside its pixels, as raw chunks, in a legal order.
 *
 * Threads: read-only once the reader has filled it. */
#ifndef UPSCALED_IMAGE_PNG_META_H
#define UPSCALED_IMAGE_PNG_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

/* Which metadata goes into the output: all that still holds, what says how to show the pixels, none. */
enum png_metadata { METADATA_KEEP, METADATA_COLOR, METADATA_NONE };

struct png_chunk {
    char type[5]; /* "gAMA" */
    uint32_t length;
    uint8_t *data;
};

struct png_meta {
    struct png_chunk *chunks; /* in the file's order */
    int count;
    bool animated; /* the file is an APNG: only its default image is read */
};

void png_meta_init(struct png_meta *m);
void png_meta_done(struct png_meta *m);

/* Copies `from` into the initialised, empty `to`. On ERR_MEMORY `to` stays empty. */
enum err_code png_meta_copy(struct png_meta *to, const struct png_meta *from, struct err *e);

#endif
