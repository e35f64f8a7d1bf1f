/* nn_run.h - for tests: runs layers one after another, each tensor in its own memory and nothing
 * fused. A plan must compute the same. The ends may have any number of channels. */
#ifndef UPSCALED_TESTS_LIB_NN_RUN_H
#define UPSCALED_TESTS_LIB_NN_RUN_H

#include "engine/nn/layers.h"

struct ran {
    struct shape shape;
    float *data;
    int32_t *indices; /* the indices of max_pool2d */
};

/* Checks the layers and finds their channels. Returns the error of the first layer that is
 * refused. */
enum err_code run_check(struct model *m, int channels, struct err *e);

/* Returns the output of the last layer (ran_free), or NULL if a layer is too small for the picture.
 * run_check has accepted the model. */
struct ran *run_model(struct model *m, const float *picture, int width, int height, int channels);
void ran_free(struct ran *r); /* NULL is fine */

/* Runs one layer. Guard values around the output must stay unchanged. */
struct ran *run_layer(const struct layer *l, const struct ran *in, int in_count, struct shape out);

/* Makes a random layer of a kind for inputs of `channels`. It may fit inputs with sides of 1 to 9
 * or not. */
struct layer *random_layer(struct model *m, enum layer_kind kind, int channels, uint64_t *seed);

#endif
