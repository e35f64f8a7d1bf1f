/* nn_build.h - for tests: builds networks in C, as the JSON reader passes them to model_finish.
 *
 * Layers start with PyTorch's defaults and take the output of the layer before. Weights come from
 * splitmix64 in layer order, weight before bias. Each is a harness_float divided by a power of two
 * that keeps sums of that many terms near 1. All operations are exact, so Python computes the same
 * numbers. */
#ifndef UPSCALED_TESTS_LIB_NN_BUILD_H
#define UPSCALED_TESTS_LIB_NN_BUILD_H

#include "engine/nn/model.h"

/* Makes an empty model with room for 1024 layers. */
struct model *build_model(enum model_color color, int scale, enum model_border border);

/* Adds a layer. Its parameters may be changed before the weights are made. */
struct layer *build_layer(struct model *m, enum layer_kind kind);
struct layer *build_conv(struct model *m, enum layer_kind kind, int in, int out, int kernel,
                         int stride, int padding);
struct layer *build_with(struct model *m, enum layer_kind kind,
                         int other); /* add, concat, unpool */
struct layer *build_prelu(struct model *m, int parameters);
struct layer *build_pool(struct model *m, enum layer_kind kind, int kernel, int stride);
struct layer *build_upsample(struct model *m, int factor, enum upsample_mode mode);

/* Makes the weights of a layer that has any. `bias` concerns convolutions. */
void build_weights(struct layer *l, bool bias, uint64_t *seed);

/* Makes the weights of all layers that have none yet. */
void build_all_weights(struct model *m, uint64_t seed);

/* Makes all weights, for tests that compare samples of 8 or 16 bits: each layer passes on about the
 * power of its input, however many there are, and the last convolution a fifth of the amplitude,
 * around `middle`. Otherwise nearly all samples might be 0, or not depend on the picture. */
void build_visible_weights(struct model *m, uint64_t seed, float middle);

/* Checks that most samples of an output, of `count` bytes, are neither 0 nor 255, and that half of
 * them differ from the output for another picture. */
void check_visible(const unsigned char *one, const unsigned char *other, size_t count);

/* Returns `count` values of harness_float, which the caller frees with mem_free. */
float *build_samples(size_t count, uint64_t *seed);

#endif
