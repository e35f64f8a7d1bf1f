/* kernels_sets.h - the sets from which kernels.c chooses: one for each vector unit. */
#ifndef UPSCALED_NN_KERNELS_SETS_H
#define UPSCALED_NN_KERNELS_SETS_H

#include "engine/base/cpu.h"
#include "engine/base/vector_unit.h"
#include "engine/nn/kernels.h"

/* Returns how many tiles of a row pass Winograd's three stages together. With one block of
 * channels, V and M of these tiles stay in the L1 cache. With more blocks they do not fit in any
 * case, and more tiles share each load of the weights. With many channels the weights come from
 * beyond the L2. Then 32 tiles of 4x4 go together if the L2 has room: a row of most pieces has 31.
 * Tiles of 6x6 have twice as many points. */
static inline int kernel_tiles(int gives, int in_channels)
{
    size_t l2 = cpu_l2_bytes(), mebibyte = (size_t)1 << 20;
    if (in_channels <= KERNEL_LANES)
        return 14;
    if (gives > 4)
        return in_channels > 8 * KERNEL_LANES || l2 >= mebibyte ? 24 : 12;
    return in_channels > 4 * KERNEL_LANES && l2 >= 2 * mebibyte ? 32 : 28;
}

/* Returns the floats from one point of Winograd's to the next, for `lines` cache lines in each. At a
 * distance of many powers of two the points of a tile would share a few of the 64 sets of the L1
 * cache and displace each other. */
static inline size_t kernel_point(int lines)
{
    return (size_t)(lines % 4 == 0 ? lines + 1 : lines) * KERNEL_LANES;
}

/* The points of Winograd's F(4, 5), which are those of a line of F(6, 3). */
enum { TALL_POINTS = KERNEL_TALL_ROWS + KERNEL_TALL_TAPS - 1 };

/* So many channels go through it together that their V fits the L1 cache. A row of them has
 * TALL_WIDEST pixels, because taps reach into the block of 16 behind the last. */
enum { TALL_CHANNELS = 4, TALL_WIDEST = KERNEL_TALL_PIXELS + KERNEL_LANES };
enum { TALL_V_FLOATS = TALL_CHANNELS * TALL_POINTS * TALL_WIDEST };

#define KERNELS_DECLARE(UNIT, name) extern const struct kernels kernels_##name;
VECTOR_UNITS(KERNELS_DECLARE)
#undef KERNELS_DECLARE

#endif
