/* kernels_sets.h - the sets from which kernels.c chooses: one for each vector unit. */
#ifndef UPSCALED_NN_KERNELS_SETS_H
#define UPSCALED_NN_KERNELS_SETS_H

#include "engine/base/vector_unit.h"
#include "engine/nn/kernels.h"

/* The tiles of a row that pass Winograd's three stages together. Of one block of channels, V and M
 * stay in the L1. More blocks leave it in any case, and more tiles then share their weights. */
static inline int kernel_tiles(int in_channels)
{
    return in_channels <= KERNEL_LANES ? 14 : 28;
}

#define KERNELS_DECLARE(UNIT, name) extern const struct kernels kernels_##name;
VECTOR_UNITS(KERNELS_DECLARE)
#undef KERNELS_DECLARE

#endif
