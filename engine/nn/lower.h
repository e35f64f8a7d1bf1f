/* lower.h - every convolution as one with stride 1: a transposed convolution with stride s, or a
 * convolution followed by a pixel shuffle, is s * s convolutions ("phases") whose outputs
 * interleave. Output sample (s * q + i + origin) of an axis is phase i's sample q, and reads the
 * input at q + first, ..., q + first + taps - 1. The origin is where phases have the fewest taps.
 * Phases may be folded into channels, as a pixel_shuffle takes them: then there is one phase, whose
 * output channel (o * fold + i) * fold + j is phase (i, j) of channel o.
 * Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?". */
#ifndef UPSCALED_NN_LOWER_H
#define UPSCALED_NN_LOWER_H

#include "engine/nn/model.h"

struct lowered {
    const struct layer *conv;      /* conv2d or conv_transpose2d */
    bool shuffled;                 /* its channels are what a pixel_shuffle takes */
    int phases, fold;              /* s and 1, or 1 and s */
    int in_channels, out_channels; /* of one phase */
    struct pair origin, taps, first;
};

/* NULL where the layer can be lowered (`shuffle` is a pixel_shuffle by 2 behind it, or NULL); else
 * what stands in the way, as a clause for people. */
const char *lower_conv(const struct layer *conv, const struct layer *shuffle, struct lowered *out);

/* Folds the phases into channels. */
void lower_fold(struct lowered *l);

/* From input channel c to output channel o at position (ky, kx) of the kernel. */
struct lowered_tap {
    int o, c, ky, kx;
};

/* The weight of phase (i, j) at that tap: 0 where the phase has none. */
float lowered_weight(const struct lowered *l, struct pair phase, struct lowered_tap tap);
float lowered_bias(const struct lowered *l, struct pair phase, int o);

#endif
