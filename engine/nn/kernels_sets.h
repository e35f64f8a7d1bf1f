/* kernels_sets.h - the sets from which kernels.c chooses: one for each vector unit. */
#ifndef UPSCALED_NN_KERNELS_SETS_H
#define UPSCALED_NN_KERNELS_SETS_H

#include "engine/base/vector_unit.h"
#include "engine/nn/kernels.h"

/* The tiles of a row that go through Winograd's three stages together, so that V and M stay in the
 * caches. */
enum { KERNEL_TILES = 14 };

#define KERNELS_DECLARE(UNIT, name) extern const struct kernels kernels_##name;
VECTOR_UNITS(KERNELS_DECLARE)
#undef KERNELS_DECLARE

#endif
