/* kernels_sets.h - the sets that kernels.c chooses from; each exists only where its target does. */
#ifndef UPSCALED_NN_KERNELS_SETS_H
#define UPSCALED_NN_KERNELS_SETS_H

#include "engine/nn/kernels.h"

/* Tiles of a row that go through Winograd's three stages together: V and M stay in the caches. */
enum { KERNEL_TILES = 14 };

extern const struct kernels kernels_c, kernels_avx2, kernels_avx512, kernels_neon;

#endif
