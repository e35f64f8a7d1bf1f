/* png_strip_work.h - a strip that is being encoded. For png_strip.c, png_choose.c, png_each.c and
 * png_repeats.c.
 *
 * Threads: each strip has a struct of its own. */
#ifndef UPSCALED_PNG_PNG_STRIP_WORK_H
#define UPSCALED_PNG_PNG_STRIP_WORK_H

#include "engine/png/png_pack.h"
#include "engine/png/png_strip_job.h"

/* The pointers lead into the scratch of the strip. */
struct png_strip_work {
    const struct png_strip_job *job;
    const struct png_kernels *kernels;
    size_t count, step; /* bytes of a row and of a pixel */
    uint8_t *zeros;     /* [count]: the row above the picture */
    uint8_t *swapped;   /* [2][count]: rows in PNG's byte order */
    int history;        /* rows of the strip before, to which matches may refer */
    uint8_t *before;    /* [history][count + 1], as the strip before filters them */
    uint8_t *filtered;  /* [rows][count + 1]; follows `before` if there is history */
    uint8_t *trial;     /* [count + 1]: a row in another filter */
    uint8_t *packed;    /* PNG_PACK_BOUND of that */
    struct png_pack_room *room;
    uint8_t *zlib; /* [PNG_PACK_ZLIB], from PNG_PACK_SLOW on */
};

/* Returns row y of the strip in the byte order of the picture. Row -1 is the row above; the first
 * one is -png_strip_above. */
const uint8_t *png_strip_work_raw(const struct png_strip_work *w, int y);

/* Return the same row in the byte order of PNG (16-bit samples big-endian), or `count` bytes of it,
 * which are whole samples. A result is valid until two more rows have been asked for. */
const uint8_t *png_strip_work_row(const struct png_strip_work *w, int y);
const uint8_t *png_strip_work_part(const struct png_strip_work *w, int y, size_t from,
                                   size_t count);

/* Filters the rows from..to - 1 into `out`; `from` is at least -history. Returns their size. */
size_t png_strip_work_filter(const struct png_strip_work *w, enum png_filter filter, int from,
                             int to, uint8_t *out);

/* Returns the parameters of png_pack for that way. The rows have nothing before them. */
struct png_pack png_strip_work_pack(const struct png_strip_work *w, struct png_way way);

#endif
