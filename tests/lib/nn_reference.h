/* nn_reference.h - every layer kind a second time, in double, straight from PyTorch's documentation
 * and without thought of speed; with each value comes a bound on the error that float32 arithmetic
 * may have made of it: (terms + 2) * FLT_EPSILON * sum |w x| a layer, the worst
 * case; plus what its inputs' errors bring, added as the independent errors they are (the root of
 * the sum of squares: the worst case of ten layers would be wider than their output). Derived,
 * never tuned. */
#ifndef UPSCALED_TESTS_LIB_NN_REFERENCE_H
#define UPSCALED_TESTS_LIB_NN_REFERENCE_H

#include "engine/nn/model.h"

/* [y][x][c] */
struct exact {
    int width, height, channels;
    double *value, *error;
    int *indices; /* of max_pool2d, else NULL */
};

struct exact *exact_new(int width, int height, int channels);
struct exact *exact_from(const float *samples, int width, int height, int channels);
void exact_free(struct exact *t); /* NULL is fine */

/* in[0], in[1], ... as struct layer_run; NULL where the layer cannot take them. */
struct exact *exact_layer(const struct layer *l, const struct exact *const *in, int in_count);

/* All layers of a model on one picture; the last one's output. */
struct exact *exact_model(const struct model *m, const float *picture, int width, int height,
                          int channels);

#endif
