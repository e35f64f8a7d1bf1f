/* png_strip_job.h - the rows that one strip of a PNG is made of. */
#ifndef UPSCALED_PNG_PNG_STRIP_JOB_H
#define UPSCALED_PNG_PNG_STRIP_JOB_H

#include "engine/image/image.h"
#include "engine/png/png_kernels.h"
#include "engine/png/png_pack.h"

/* How a strip is filtered and packed. */
struct png_way {
    enum png_filter filter;
    enum png_method method;
    int literal_bits; /* of METHOD_CHAIN: png_pack.h */
};

struct png_strip_job {
    const struct png_kernels *kernels; /* NULL: those in use; the bytes are the same */
    struct image_format format;
    int compression;       /* 0..9: the table in png_pack.h */
    const uint8_t *pixels; /* where the rows begin */
    size_t row_bytes;
    const uint8_t *above; /* the row before, the last of png_strip_above rows; NULL at the picture's
                             top, where the zlib stream's head goes in front */
    int rows;             /* 1..png_strip_rows */
    bool enlarged;        /* made by a network: not worth a long search, since it is smooth */
    struct png_way way, above_way; /* of this strip, and of the one before */
};

#endif
