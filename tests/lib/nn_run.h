/* nn_run.h - for tests: layers executed one after another, every tensor in memory of its own and
 * nothing fused: what a plan must equal. Ends may have any number of channels. */
#ifndef UPSCALED_TESTS_LIB_NN_RUN_H
#define UPSCALED_TESTS_LIB_NN_RUN_H

#include "engine/nn/layers.h"

struct ran {
    struct shape shape;
    float *data;
    int32_t *indices; /* of max_pool2d */
};

/* Checks the layers and finds their channels; the error of the first that is refused. */
enum err_code run_check(struct model *m, int channels, struct err *e);

/* Output of the last layer (ran_free), or NULL where a layer is too small for the picture. The
 * model has been checked. */
struct ran *run_model(struct model *m, const float *picture, int width, int height, int channels);
void ran_free(struct ran *r); /* NULL is fine */

/* One layer on one input, with guard values around the output that must survive. */
struct ran *run_layer(const struct layer *l, const struct ran *in, int in_count, struct shape out);

/* A random layer of a kind for inputs of `channels`; sides of 1..9 or so make it fit or not. */
struct layer *random_layer(struct model *m, enum layer_kind kind, int channels, uint64_t *seed);

#endif
