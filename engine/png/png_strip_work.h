/* png_strip_work.h - a strip while it is encoded, shared by png_strip.c and png_choose.c.
 *
 * Threads: each strip has one of its own. */
#ifndef UPSCALED_PNG_PNG_STRIP_WORK_H
#define UPSCALED_PNG_PNG_STRIP_WORK_H

#include "engine/png/png_pack.h"
#include "engine/png/png_strip_job.h"

/* The pointers are into the strip's scratch. */
struct png_strip_work {
    const struct png_strip_job *job;
    const struct png_kernels *kernels;
    size_t count, step; /* bytes of a row and of a pixel */
    uint8_t *zeros;     /* [count]: what is above the picture */
    uint8_t *swapped;   /* [2][count]: rows in PNG's byte order */
    int history;        /* rows of the strip before that matches may refer to */
    uint8_t *before;    /* [history][count + 1], as the strip before filters them */
    uint8_t *filtered;  /* [rows][count + 1]; follows `before` where there is history */
    uint8_t *trial;     /* [count + 1]: a row in another filter */
    uint8_t *packed;    /* PNG_PACK_BOUND of that */
    struct png_pack_room *room;
    uint8_t *zlib; /* [PNG_PACK_ZLIB], from PNG_PACK_SLOW on */
};

/* Row y of the strip in the picture's byte order; -1 is the row above, down to -png_strip_above. */
const uint8_t *png_strip_work_raw(const struct png_strip_work *w, int y);

/* The same row in PNG's byte order (16-bit samples big-endian), or `count` bytes of it, whole
 * samples. They are valid until two more rows have been asked for. */
const uint8_t *png_strip_work_row(const struct png_strip_work *w, int y);
const uint8_t *png_strip_work_part(const struct png_strip_work *w, int y, size_t from,
                                   size_t count);

/* Filters the rows from..to - 1, -history at least, into `out`; returns their size. */
size_t png_strip_work_filter(const struct png_strip_work *w, enum png_filter filter, int from,
                             int to, uint8_t *out);

/* The parameters of png_pack for that way; the rows have nothing in front. */
struct png_pack png_strip_work_pack(const struct png_strip_work *w, struct png_way way);

#endif
