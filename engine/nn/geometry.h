/* geometry.h - how the layers of a model change sizes, and which samples of a window do not depend
 * on what lies beyond its edges ("clean" samples). All computations are in integers and along one
 * axis. */
#ifndef UPSCALED_NN_GEOMETRY_H
#define UPSCALED_NN_GEOMETRY_H

#include "engine/nn/layers.h"

/* Models with larger halos are refused, because a window would consist mostly of halo. */
enum { GEOMETRY_MAX_HALO = 4096, GEOMETRY_MAX_ALIGN = 1024 };

/* Writes the tensors that the laws of layer i refer to, as layer indices or LAYER_INPUT. Returns
 * their number. */
int geometry_inputs(const struct model *m, int i, int ids[LAYER_INPUTS_MAX]);

/* Follows a window of `n` pixels along one axis through the layers. extents[0] becomes the extent
 * of the picture, and extents[1 + i] that of the output of layer i. Returns layer_count, or the
 * first layer whose input is too small. The layers must have been checked. */
int geometry_walk(const struct model *m, enum axis axis, int64_t n, struct extent *extents);

/* Fills m->geometry except for its channels. The parameters and channels of the layers must have
 * been checked. */
enum err_code geometry_find(struct model *m, struct err *e);

/* Returns the multiply-adds of a layer at each position: of its input for a transposed convolution,
 * of its output for other layers. The result is a whole number. */
double geometry_macs(const struct layer *l);

#endif
