/* stream_pack.h - packs the weights, biases and slopes of a step for its kernel. */
#ifndef UPSCALED_NN_STREAM_PACK_H
#define UPSCALED_NN_STREAM_PACK_H

#include "engine/nn/stream.h"

/* Fills t->weight (owned by the step), bias, slope, phase_floats and group_floats. `l` is the
 * convolution that the step computes, NULL for a merge. `sloped` is the activation in its store, or
 * NULL. Layouts of a phase (y, x), in order of phases:
 *   conv      [out block] as kernels.h says, phase after phase
 *   winograd  as kernel_winograd_pack
 *   tall      as kernel_tall_pack, group after group of planes
 *   planes    [out channel] with the phases as outputs; phases 1: all channels as outputs
 * ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code stream_pack(const struct stream *s, struct stream_step *t, const struct lowered *l,
                          const struct layer *sloped, struct err *e);

#endif
