/* resample.h - classic separable resampling: one axis as a table of taps, two axes as two passes.
 *
 * Half-pixel centres: output i sits at (i + 0.5) * in / out - 0.5. When shrinking, the kernel is
 * widened by in / out (antialiased, as MATLAB's imresize). Outputs near an edge read samples beyond
 * it, which the caller provides. Taps are normalised to sum 1. Bicubic is Keys 1981 with a = -0.5;
 * Lanczos has 3 lobes. Threads: an axis is immutable once made. */
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
    int taps;      /* of every output */
    int *first;    /* [out]: index of the first sample, may lie outside 0..in-1 */
    float *weight; /* [out][taps] */
};

/* On ERR_OK the caller owns *out (resample_axis_free). in and out are positive. */
enum err_code resample_axis_new(enum resample_filter filter, int in, int out,
                                struct resample_axis **axis, struct err *e);
void resample_axis_free(struct resample_axis *axis); /* NULL is fine */

/* The most memory that making such an axis takes. */
size_t resample_axis_bytes(enum resample_filter filter, int in, int out);

/* The samples that outputs from..to-1 read: *first..*last-1, some perhaps outside 0..in-1. */
void resample_axis_reach(const struct resample_axis *axis, int from, int to, int *first, int *last);

/* The same without an axis: outputs *from..*to-1 become the samples that they read. */
void resample_reach(enum resample_filter filter, int in, int out, int *from, int *to);

/* A rectangle of one axis each way: x, y of its corner in the whole picture. */
struct resample_area {
    int x, y, width, height;
};

/* Floats of scratch that resample_run needs for this pair of areas. */
size_t resample_scratch(struct resample_area in, struct resample_area out);

/* A part of a plane: [area.height][area.width] samples. */
struct resample_part {
    float *samples;
    struct resample_area area;
};

/* Computes the part `out` of the resampled plane from the part `in` of the source plane, which
 * holds all samples that resample_axis_reach names. The value of an output does not depend on the
 * areas chosen. Cannot fail. The two parts and `scratch` must not overlap. */
void resample_run(const struct resample_axis *across, const struct resample_axis *down,
                  struct resample_part in, struct resample_part out, float *scratch);

#endif
