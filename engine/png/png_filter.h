/* png_filter.h - the row filters of PNG and their numbers. PNG specification, 9.2. */
#ifndef UPSCALED_PNG_PNG_FILTER_H
#define UPSCALED_PNG_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

enum png_filter {
    FILTER_NONE,
    FILTER_SUB,
    FILTER_UP,
    FILTER_AVERAGE,
    FILTER_PAETH,
    /* not in PNG: png_each.h chooses one of the others for each row */
    FILTER_EACH, /* by entropy */
    FILTER_SUMS  /* by the sum of the residues' sizes */
};

/* A row of `count` bytes, `step` bytes a pixel. `above` is the row before, all zeros at the top. */
struct png_filter_row {
    const uint8_t *row, *above;
    size_t count, step;
};

#endif
