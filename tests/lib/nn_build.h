/* nn_build.h - networks built in C for tests, as a reader would leave them to model_finish.
 *
 * Layers start with PyTorch's defaults and read the layer before. Weights come from splitmix64 in
 * layer order, weight before bias, each sample of harness_float divided by a power of two that
 * keeps sums of that many terms near 1: exact, so that Python makes the same numbers. */
#ifndef UPSCALED_TESTS_LIB_NN_BUILD_H
#define UPSCALED_TESTS_LIB_NN_BUILD_H

#include "engine/nn/model.h"

/* An empty model with room for 1024 layers. */
struct model *build_model(enum model_color color, int scale, enum model_border border);

/* Adds a layer; its parameters may be changed before the weights are made. */
struct layer *build_layer(struct model *m, enum layer_kind kind);
struct layer *build_conv(struct model *m, enum layer_kind kind, int in, int out, int kernel,
                         int stride, int padding);
struct layer *build_with(struct model *m, enum layer_kind kind,
                         int other); /* add, concat, unpool */
struct layer *build_prelu(struct model *m, int parameters);
struct layer *build_pool(struct model *m, enum layer_kind kind, int kernel, int stride);
struct layer *build_upsample(struct model *m, int factor, enum upsample_mode mode);

/* Allocates and fills what weights the layer has. `bias` is about convolutions. */
void build_weights(struct layer *l, bool bias, uint64_t *seed);

/* build_weights for all layers that have none yet. */
void build_all_weights(struct model *m, uint64_t seed);

/* `count` samples of harness_float; mem_free. */
float *build_samples(size_t count, uint64_t *seed);

#endif
