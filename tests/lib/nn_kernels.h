/* nn_kernels.h - for tests: the kernels as kernels.h defines them, one sample at a time, with fmaf.
 * Sets that are `fused` must compute the same bits. */
#ifndef UPSCALED_TESTS_LIB_NN_KERNELS_H
#define UPSCALED_TESTS_LIB_NN_KERNELS_H

#include "engine/nn/kernels.h"

extern const struct kernels kernels_plain;

#endif
