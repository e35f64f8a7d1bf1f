/* kernels.c - see kernels.h. It has the table of the sets, and the code that they share. */
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

size_t kernel_winograd_scratch(int gives, int in_channels)
{
    size_t side = (size_t)gives + 2;
    int blocks = (in_channels + KERNEL_LANES - 1) / KERNEL_LANES;
    int tiles = kernel_tiles(gives, in_channels);
    return (side * side + 1) * (kernel_point(blocks * tiles) + kernel_point(2 * tiles));
}

/* The rows of G of a Winograd transform of three taps. */
typedef const double (*rows_of_g)[3];

/* G of F(4, 3). Its rows are the points 0, 1, -1, 2, -2 and infinity, scaled to match B'. */
static const double four_points[6][3] = {
    {1.0 / 4, 0, 0},
    {-1.0 / 6, -1.0 / 6, -1.0 / 6},
    {-1.0 / 6, 1.0 / 6, -1.0 / 6},
    {1.0 / 24, 1.0 / 12, 1.0 / 6},
    {1.0 / 24, -1.0 / 12, 1.0 / 6},
    {0, 0, 1},
};

/* The same of F(6, 3), which has the points 1/2 and -1/2, too. */
static const double six_points[8][3] = {
    {1, 0, 0},
    {-2.0 / 9, -2.0 / 9, -2.0 / 9},
    {-2.0 / 9, 2.0 / 9, -2.0 / 9},
    {1.0 / 90, 2.0 / 90, 4.0 / 90},
    {1.0 / 90, -2.0 / 90, 4.0 / 90},
    {32.0 / 45, 16.0 / 45, 8.0 / 45},
    {32.0 / 45, -16.0 / 45, 8.0 / 45},
    {0, 0, 1},
};

/* Two output channels are packed at a time, because large models have millions of kernels. */
typedef double two_doubles __attribute__((vector_size(2 * sizeof(double))));

/* Where the numbers of two kernels go: `side` x `side` of them, `stride` floats apart. */
struct packing {
    rows_of_g points;
    int side;
    size_t stride;
};

/* Computes G g G' of the kernels `a` and `b`. */
static void transform(struct packing p, const float a[9], const float b[9], float *packed)
{
    two_doubles g[9];
    for (int k = 0; k < 9; k++)
        g[k] = (two_doubles){(double)a[k], (double)b[k]};
    for (int y = 0; y < p.side; y++) {
        const double *q = p.points[y];
        const two_doubles r0 = q[0] * g[0], r1 = q[0] * g[1], r2 = q[0] * g[2], r3 = q[1] * g[3],
                          r4 = q[1] * g[4], r5 = q[1] * g[5], r6 = q[2] * g[6], r7 = q[2] * g[7],
                          r8 = q[2] * g[8];
        for (int x = 0; x < p.side; x++, packed += p.stride) {
            const double *w = p.points[x];
            two_doubles sum = 0 + r0 * w[0] + r1 * w[1] + r2 * w[2] + r3 * w[0] + r4 * w[1] +
                              r5 * w[2] + r6 * w[0] + r7 * w[1] + r8 * w[2];
            packed[0] = (float)sum[0];
            packed[1] = (float)sum[1];
        }
    }
}

void kernel_winograd_pack(int gives, const float *weight, int in_channels, int out_channels,
                          float *packed)
{
    static const float none[9]; /* the kernel of lanes beyond the last channel */
    size_t ins = (size_t)in_channels, outs = (size_t)out_channels, block = ins * KERNEL_LANES;
    size_t blocks = (outs + KERNEL_LANES - 1) / KERNEL_LANES;
    struct packing p = {gives == 4 ? four_points : six_points, gives + 2, blocks * block};
    for (size_t first = 0; first < outs; first += KERNEL_LANES, packed += block)
        for (size_t c = 0; c < ins; c++)
            for (size_t lane = 0; lane < KERNEL_LANES; lane += 2) {
                size_t o = first + lane;
                const float *a = o < outs ? weight + (o * ins + c) * 9 : none;
                const float *b = o + 1 < outs ? weight + ((o + 1) * ins + c) * 9 : none;
                transform(p, a, b, packed + c * KERNEL_LANES + lane);
            }
}

size_t kernel_tall_scratch(int groups)
{
    size_t m = (size_t)groups * TALL_POINTS * 4 * KERNEL_TALL_PIXELS;
    return TALL_V_FLOATS + m;
}

/* G of F(4, 5): the powers of the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, scaled to match
 * B'. */
static const double tall_points[TALL_POINTS][KERNEL_TALL_TAPS] = {
    {1, 0, 0, 0, 0},
    {-2.0 / 9, -2.0 / 9, -2.0 / 9, -2.0 / 9, -2.0 / 9},
    {-2.0 / 9, 2.0 / 9, -2.0 / 9, 2.0 / 9, -2.0 / 9},
    {1.0 / 90, 2.0 / 90, 4.0 / 90, 8.0 / 90, 16.0 / 90},
    {1.0 / 90, -2.0 / 90, 4.0 / 90, -8.0 / 90, 16.0 / 90},
    {32.0 / 45, 16.0 / 45, 8.0 / 45, 4.0 / 45, 2.0 / 45},
    {32.0 / 45, -16.0 / 45, 8.0 / 45, -4.0 / 45, 2.0 / 45},
    {0, 0, 0, 0, 1},
};

void kernel_tall_pack(const float *weight, int in_channels, int kernel_x, float *packed)
{
    size_t row = (size_t)kernel_x * 4;
    for (int i = 0; i < TALL_POINTS; i++)
        for (size_t c = 0; c < (size_t)in_channels; c++)
            for (size_t k = 0; k < row; k++) {
                double sum = 0;
                for (size_t y = 0; y < KERNEL_TALL_TAPS; y++)
                    sum += tall_points[i][y] * (double)weight[(c * KERNEL_TALL_TAPS + y) * row + k];
                *packed++ = (float)sum;
            }
}
