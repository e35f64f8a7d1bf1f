/* kernels.c - see kernels.h: which sets there are, and what they share. */
#include "engine/nn/kernels_sets.h"

#define ROW(UNIT, name) [UNIT_##UNIT] = &kernels_##name,

static const struct kernels *const sets[UNITS + 1] = {VECTOR_UNITS(ROW)}; /* NULL for UNITS */

const struct kernels *kernels_used(void)
{
    return sets[vector_unit_used()];
}

const struct kernels *kernels_find(const char *name)
{
    return sets[vector_unit_find(name)];
}

const struct kernels *kernels_at(int k)
{
    return sets[vector_unit_at(k)];
}

size_t kernel_winograd_scratch(int in_channels)
{
    size_t blocks = ((size_t)in_channels + KERNEL_LANES - 1) / KERNEL_LANES;
    return (blocks + 2) * 37 * KERNEL_TILES * KERNEL_LANES;
}

/* G of F(4, 3): rows are the points 0, 1, -1, 2, -2 and infinity, scaled to suit B'. */
static const double points[6][3] = {
    {1.0 / 4, 0, 0},
    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
    {1.0 / 24, 1.0 / 12, 1.0 / 6},
    {1.0 / 24, -1.0 / 12, 1.0 / 6},
    {0, 0, 1},
};

static double transformed(const float g[9], int y, int x)
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            sum += points[y][i] * g[3 * i + j] * points[x][j];
    return sum;
}

void kernel_winograd_pack(const float *weight, int in_channels, int out_channels, float *packed)
{
    for (int first = 0; first < out_channels; first += KERNEL_LANES)
        for (int k = 0; k < 36; k++)
            for (int c = 0; c < in_channels; c++)
                for (int o = first; o < first + KERNEL_LANES; o++) {
                    const float *g = weight + ((size_t)o * (size_t)in_channels + (size_t)c) * 9;
                    *packed++ = o < out_channels ? (float)transformed(g, k / 6, k % 6) : 0;
                }
}
