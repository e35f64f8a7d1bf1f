/* row_kernels.h - the loops over rows of samples, compiled once for each vector unit.
 *
 * There is one source and several sets of compiler flags, none of which may fuse or reorder
 * arithmetic, so the sets agree to the bit. Threads: pure functions. */
#ifndef UPSCALED_IMAGE_ROW_KERNELS_H
#define UPSCALED_IMAGE_ROW_KERNELS_H

#include <stdint.h>

#include "engine/image/color.h"
#include "engine/image/image.h"
#include "engine/image/resample.h"

/* Samples of a row from sample x on, or several rows that are `stride` floats apart. */
struct row_samples {
    const float *first;
    int x;
    size_t stride;
};

struct row_kernels {
    const char *name; /* the name in VECTOR_UNITS */

    /* They do what the functions of color.h do. */
    void (*load)(const struct image_format *f, const uint8_t *row, int count, int channel,
                 float *restrict plane);
    void (*load_ycc)(const struct image_format *f, const uint8_t *row, int count,
                     const struct color_planes *to);
    void (*store)(const struct image_format *f, const float *restrict plane, int count, int channel,
                  uint8_t *row);
    void (*store_ycc)(const struct image_format *f, const struct color_planes *from, int count,
                      uint8_t *row);

    /* Computes outputs from..to-1 of one row into dst. An output is the sum of weight times sample
     * over its taps, in their order. */
    void (*across)(const struct resample_axis *a, struct row_samples src, int from, int to,
                   float *restrict dst);

    /* Does the same down `count` columns, for one row of outputs. There is one row for each tap. */
    void (*down)(struct row_samples rows, const float *weight, int taps, size_t count,
                 float *restrict dst);
};

/* Returns the set of the vector unit in use (engine/base/vector_unit.h). */
const struct row_kernels *row_kernels_used(void);

/* Returns the k-th set that this processor has, the best first; NULL past the last. */
const struct row_kernels *row_kernels_at(int k);

#endif
