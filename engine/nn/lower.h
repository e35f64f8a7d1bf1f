/* lower.h - turns every convolution into convolutions with stride 1. A transposed convolution with
 * stride s, or a convolution with a pixel shuffle behind it, is s * s convolutions ("phases") whose
 * outputs interleave. Output sample (s * q + i + origin) of an axis is sample q of phase i, and
 * reads the input at q + first, ..., q + first + taps - 1. The origin is chosen so that phases have
 * the fewest taps. Phases may be folded into channels, in the order of a pixel_shuffle. Then there
 * is one phase, whose output channel (o * fold + i) * fold + j is phase (i, j) of channel o.
 *
 * Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?". */
#ifndef UPSCALED_NN_LOWER_H
#define UPSCALED_NN_LOWER_H

#include "engine/nn/model.h"

struct lowered {
    const struct layer *conv;      /* conv2d or conv_transpose2d */
    const struct layer *affine;    /* the next layer, merged into weights and biases; or NULL */
    bool shuffled;                 /* a pixel_shuffle takes its channels */
    int phases, fold;              /* s and 1, or 1 and s */
    int in_channels, out_channels; /* of one phase */
    struct pair origin, taps, first;
};

/* Returns NULL if the layer can be lowered; otherwise the reason, as a clause for people. `shuffle`
 * is a pixel_shuffle by 2 behind the layer, or NULL. */
const char *lower_conv(const struct layer *conv, const struct layer *shuffle, struct lowered *out);

/* Folds the phases into channels. */
void lower_fold(struct lowered *l);

/* The tap from input channel c to output channel o at position (ky, kx) of the kernel. */
struct lowered_tap {
    int o, c, ky, kx;
};

/* Returns the weight of phase (i, j) at that tap; 0 if the phase does not have this tap. */
float lowered_weight(const struct lowered *l, struct pair phase, struct lowered_tap tap);
float lowered_bias(const struct lowered *l, struct pair phase, int o);

#endif
