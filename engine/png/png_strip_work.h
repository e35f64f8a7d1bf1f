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
    uint8_t *filtered;  /* [rows][count + 1] */
    uint8_t *packed;    /* PNG_PACK_BOUND of that */
    struct png_pack_room *room;
    uint8_t *zlib; /* [PNG_PACK_ZLIB], from PNG_PACK_SLOW on */
};

/* How a strip is filtered and packed. */
struct png_way {
    enum png_filter filter;
    enum png_method method;
};

/* Row y of the strip in PNG's byte order (16-bit samples big-endian); -1 is the row above. The row
 * is valid until two more rows have been asked for. */
const uint8_t *png_strip_work_row(const struct png_strip_work *w, int y);

/* The parameters of png_pack for that way. */
struct png_pack png_strip_work_pack(const struct png_strip_work *w, struct png_way way);

#endif
