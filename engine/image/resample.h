/* resample.h - resamples pictures by classic filters, along one axis and then along the other. An
 * axis is a table of taps.
 *
 * Pixels have their centres at halves: output i lies at position (i + 0.5) * in / out - 0.5 of the
 * input. When the picture shrinks, the kernel is widened by in / out (antialiasing, as in MATLAB's
 * imresize). Outputs near an edge read samples beyond it, which the caller provides. The taps of an
 * output sum to 1. Bicubic is Keys 1981 with a = -0.5; Lanczos has 3 lobes. Threads: an axis is
 * immutable once it is made. */
#ifndef UPSCALED_IMAGE_RESAMPLE_H
#define UPSCALED_IMAGE_RESAMPLE_H

#include <stddef.h>

#include "engine/base/err.h"

enum resample_filter {
    RESAMPLE_NEAREST,
    RESAMPLE_BILINEAR,
    RESAMPLE_BICUBIC,
    RESAMPLE_LANCZOS,
    RESAMPLE_AREA,
};

struct resample_axis {
    int in, out;   /* pixels */
    int taps;      /* the number of samples that each output reads */
    int *first;    /* [out]: index of the first sample; may lie outside 0..in-1 */
    float *weight; /* [out][taps] */
};

/* Makes the table from `in` to `out` pixels, both positive. On ERR_OK the caller owns *axis
 * (resample_axis_free). ERR_MEMORY. */
enum err_code resample_axis_new(enum resample_filter filter, int in, int out,
                                struct resample_axis **axis, struct err *e);
void resample_axis_free(struct resample_axis *axis); /* NULL is fine */

/* Returns the most memory that resample_axis_new allocates. */
size_t resample_axis_bytes(enum resample_filter filter, int in, int out);

/* Finds the samples *first..*last-1 that outputs from..to-1 read. Some may lie outside 0..in-1. */
void resample_axis_reach(const struct resample_axis *axis, int from, int to, int *first, int *last);

/* Does the same without an axis: replaces the outputs *from..*to-1 by the samples that they
 * read. */
void resample_reach(enum resample_filter filter, int in, int out, int *from, int *to);

/* A rectangle of a picture; x and y are its corner. */
struct resample_area {
    int x, y, width, height;
};

/* Returns the floats of scratch that resample_run needs for this pair of areas. */
size_t resample_scratch(struct resample_area in, struct resample_area out);

/* A part of a plane: [area.height][area.width] samples. */
struct resample_part {
    float *samples;
    struct resample_area area;
};

/* Computes the part `out` of the resampled plane from the part `in` of the source plane, which
 * holds all samples that resample_axis_reach finds. The value of an output does not depend on the
 * areas. Cannot fail. The two parts and `scratch` must not overlap. */
void resample_run(const struct resample_axis *across, const struct resample_axis *down,
                  struct resample_part in, struct resample_part out, float *scratch);

#endif
