/* nn_reference.h - for tests: every layer kind a second time, in double, directly from PyTorch's
 * documentation and without regard to speed.
 *
 * Each value has a bound on the error that float32 arithmetic may have. A layer adds its worst
 * case, (terms + 2) * FLT_EPSILON * sum |w x|. The errors of its inputs are added as independent
 * errors, by the root of the sum of squares, because the worst case of ten layers would be wider
 * than their output. The bounds are derived and never tuned. */
#ifndef UPSCALED_TESTS_LIB_NN_REFERENCE_H
#define UPSCALED_TESTS_LIB_NN_REFERENCE_H

#include "engine/nn/model.h"

/* A tensor [y][x][c]. */
struct exact {
    int width, height, channels;
    double *value, *error;
    int *indices; /* the indices of max_pool2d; else NULL */
};

struct exact *exact_new(int width, int height, int channels);
struct exact *exact_from(const float *samples, int width, int height, int channels);
void exact_free(struct exact *t); /* NULL is fine */

/* Runs one layer on in[0], in[1], ..., as in struct layer_run. Returns NULL if the layer cannot
 * take them. */
struct exact *exact_layer(const struct layer *l, const struct exact *const *in, int in_count);

/* Runs all layers of a model on one picture. Returns the output of the last one. */
struct exact *exact_model(const struct model *m, const float *picture, int width, int height,
                          int channels);

#endif
