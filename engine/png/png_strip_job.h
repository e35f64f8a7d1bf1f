/* png_strip_job.h - the rows that one strip of a PNG is made of. */
#ifndef UPSCALED_PNG_PNG_STRIP_JOB_H
#define UPSCALED_PNG_PNG_STRIP_JOB_H

#include "engine/image/image.h"
#include "engine/png/png_kernels.h"

struct png_strip_job {
    const struct png_kernels *kernels; /* NULL: those in use; the bytes are the same */
    struct image_format format;
    int compression;       /* 0..9: the table in png_pack.h */
    const uint8_t *pixels; /* where the rows begin */
    size_t row_bytes;
    const uint8_t *above; /* the row before; NULL at the picture's top, where the zlib stream's head
                             goes in front */
    int rows;             /* 1..png_strip_rows */
};

#endif
