/* geometry.h - how a model's layers change sizes, and which samples they keep clean of a window's
 * edges. Integers only; one axis at a time. For model.c and plan.c. */
#ifndef UPSCALED_NN_GEOMETRY_H
#define UPSCALED_NN_GEOMETRY_H

#include "engine/nn/layers.h"

/* Larger halos are refused: a window would consist mostly of halo. */
enum { GEOMETRY_MAX_HALO = 4096, GEOMETRY_MAX_ALIGN = 1024 };

/* The tensors that layer i's laws refer to, as layer indices or LAYER_INPUT; returns how many. */
int geometry_inputs(const struct model *m, int i, int ids[LAYER_INPUTS_MAX]);

/* Walks a window of `n` pixels along one axis through the layers. extents[0] becomes the picture's,
 * extents[1 + i] that of layer i's output. Returns layer_count, or the first layer whose input is
 * too small for it. Layers must have been checked. */
int geometry_walk(const struct model *m, enum axis axis, int64_t n, struct extent *extents);

/* Fills m->geometry but for the channels. The layers' parameters and channels have been checked. */
enum err_code geometry_find(struct model *m, struct err *e);

/* Multiply-adds of a layer at each position: of its input for a transposed convolution, of its
 * output for others. A whole number. */
double geometry_macs(const struct layer *l);

#endif
