/* png_strip_job.h - the input of one strip of a PNG. */
#ifndef UPSCALED_PNG_PNG_STRIP_JOB_H
#define UPSCALED_PNG_PNG_STRIP_JOB_H

#include "engine/image/image.h"
#include "engine/png/png_kernels.h"
#include "engine/png/png_pack.h"

/* The filter and the method of a strip. */
struct png_way {
    enum png_filter filter;
    enum png_method method;
    int literal_bits; /* for chains; see png_pack.h */
};

struct png_strip_job {
    const struct png_kernels *kernels; /* NULL: the set in use; all sets give the same bytes */
    struct image_format format;
    int compression;       /* 0..9: the table in png_pack.h */
    const uint8_t *pixels; /* the beginning of the rows */
    size_t row_bytes;
    const uint8_t
        *above;    /* the row before, the last of png_strip_above rows; NULL at the top of the
                             picture, where the strip begins with the head of the zlib stream */
    int rows;      /* 1..png_strip_rows */
    bool enlarged; /* a network made it: it is smooth, and a long search gains nothing */
    struct png_way way, above_way; /* of this strip, and of the one before */
};

#endif
