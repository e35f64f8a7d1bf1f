/* test_kernels_winograd.c - compares the Winograd kernel of every set that this CPU has with a
 * direct convolution in double, within the bound that the rounding of its transforms allows, and
 * for fused sets with the definition to the bit. */
#include <math.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_check.h"
#include "tests/lib/nn_kernels.h"

enum { L = KERNEL_LANES };

static uint64_t first_seed = 20261123;
static float spoil; /* the error that is added to the first transformed weight */

struct winograd_case {
    int channels, outs, tiles;
    int variant; /* how sums are stored */
};

/* One output of a 3x3 convolution: output o of pixel (x, y). */
struct output {
    int o, y, x;
};

/* Computes an output of a 3x3 convolution in double, from the unpacked weights. */
static double direct_3x3(const struct kernel_winograd *k, const float *weight, struct output at)
{
    int blocks = (k->in_channels + L - 1) / L;
    const float *w = weight + (size_t)(at.o * k->in_channels) * 9;
    double sum = (double)k->bias[at.o];
    for (int c = 0; c < k->in_channels; c++)
        for (int n = 0; n < 9; n++) {
            double d = (double)k->in[(at.y + n / 3) * blocks + c / L][(at.x + n % 3) * L + c % L];
            sum += d * (double)w[c * 9 + n];
        }
    return sum;
}

/* |B'| and |A'|. Rounding errors grow no more than magnitudes do. */
static const double abs_in[6][6] = {{4, 0, 5, 0, 1, 0}, {0, 4, 4, 1, 1, 0}, {0, 4, 4, 1, 1, 0},
                                    {0, 2, 1, 2, 1, 0}, {0, 2, 1, 2, 1, 0}, {0, 4, 0, 5, 0, 1}};
static const double abs_out[4][6] = {
    {1, 1, 1, 1, 1, 0}, {0, 1, 1, 2, 2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, 1, 8, 8, 1}};

/* Computes the sum of the magnitudes of all terms of sample (y, x) of a tile of output o: |A'| (the
 * sum over channels of (|B'| |d| |B|) |U|) |A|. */
static void tile_magnitudes(const struct kernel_winograd *k, int tile, int o, double out[4][4])
{
    double m[6][6] = {{0}};
    int blocks = (k->in_channels + L - 1) / L;
    const float *u = k->weight + (size_t)(o / L) * 36 * (size_t)k->in_channels * L + o % L;
    for (int c = 0; c < k->in_channels; c++)
        for (int i = 0; i < 36; i++) {
            double v = 0;
            for (int y = 0; y < 6; y++)
                for (int x = 0; x < 6; x++)
                    v += abs_in[i / 6][y] * abs_in[i % 6][x] *
                         fabs((double)k->in[y * blocks + c / L][(4 * tile + x) * L + c % L]);
            m[i / 6][i % 6] += v * fabs((double)u[(i * k->in_channels + c) * L]);
        }
    for (int i = 0; i < 16; i++) {
        out[i / 4][i % 4] = 0;
        for (int n = 0; n < 36; n++)
            out[i / 4][i % 4] += abs_out[i / 4][n / 6] * abs_out[i % 4][n % 6] * m[n / 6][n % 6];
    }
}

/* Checks all outputs. Each term is rounded three times per dimension into V, once for U, once per
 * channel, and four times per dimension out of M. */
static void check_outputs(const struct kernel_winograd *k, const float *weight, int outs,
                          const char *name)
{
    for (int i = 0; i < outs * k->tiles; i++) {
        int o = i % outs, tile = i / outs;
        double magnitude[4][4];
        tile_magnitudes(k, tile, o, magnitude);
        for (int n = 0; n < 16; n++) {
            int y = n / 4, x = 4 * tile + n % 4;
            int row = y * k->out_blocks + o / L, at = x * L + o % L;
            struct check_sum sum = {direct_3x3(k, weight, (struct output){o, y, x}),
                                    magnitude[y][n % 4] + fabs((double)k->bias[o]),
                                    15 + k->in_channels};
            check_finish(&sum, &k->store, o, k->add ? &k->add[row][at] : NULL);
            check_stored(k->out[row][at], &sum, name);
        }
    }
}

static void try_winograd(const struct kernels *set, struct winograd_case c, uint64_t *seed)
{
    int blocks = (c.channels + L - 1) / L, out_blocks = (c.outs + L - 1) / L;
    struct check_in in = check_in_new(6 * blocks, (size_t)(4 * c.tiles + 2) * L, seed);
    float *w = build_samples((size_t)(c.channels * c.outs) * 9, seed);
    float *u = mem_alloc((size_t)(36 * c.channels * out_blocks) * L, sizeof *u);
    float *store = build_samples((size_t)(2 * out_blocks * L), seed);
    kernel_winograd_pack(w, c.channels, c.outs, u);
    u[0] += spoil;
    struct check_rows out = check_rows_new(4 * out_blocks, (size_t)(4 * c.tiles * L)),
                      want = check_rows_new(4 * out_blocks, out.length),
                      add = check_rows_new(4 * out_blocks, out.length);
    check_rows_fill(&add, seed);
    struct kernel_winograd k = {.in = in.row,
                                .in_channels = c.channels,
                                .out_blocks = out_blocks,
                                .weight = u,
                                .bias = store,
                                .store = check_store(c.variant, store + out_blocks * L),
                                .add = c.variant == 0 ? NULL : (const float *const *)add.row,
                                .out = out.row,
                                .tiles = c.tiles,
                                .scratch =
                                    mem_alloc(kernel_winograd_scratch(c.channels), sizeof(float))};
    set->winograd(&k);
    check_outputs(&k, w, c.outs, set->name);
    if (set->fused) {
        k.out = want.row;
        kernels_plain.winograd(&k);
        check_same_bits(&out, &want, out.length, set->name);
    }
    mem_free(k.scratch);
    check_rows_free(&add, "nobody");
    check_rows_free(&want, "plain");
    check_rows_free(&out, set->name);
    mem_free(store);
    mem_free(u);
    mem_free(w);
    check_in_free(&in);
}

static void all_winograds(const struct kernels *set, uint64_t *seed)
{
    for (int tiles = 1; tiles <= 33; tiles++)
        try_winograd(set, (struct winograd_case){16, 16, tiles, tiles % CHECK_STORES}, seed);
    for (int channels = 1; channels <= 40; channels += 3)
        try_winograd(set,
                     (struct winograd_case){channels, 1 + channels * 7 % 40, 1 + channels % 17,
                                            channels % CHECK_STORES},
                     seed);
    for (int tiles = 1; tiles <= 29; tiles++) /* two groups of 14, and pairs of blocks */
        try_winograd(set, (struct winograd_case){21, 33, tiles, tiles % CHECK_STORES}, seed);
    try_winograd(set, (struct winograd_case){128, 20, 3, 1}, seed);
}

START_TEST(winograd_is_within_its_transforms_rounding)
{
    check_each_set(all_winograds, first_seed);
}
END_TEST

/* A Winograd kernel whose first weight is off by a thousandth. */
START_TEST(a_wrong_winograd_is_caught)
{
    int count = 0;
    uint64_t seed = 4;
    check_count_errors(&count);
    spoil = 1e-3f;
    try_winograd(kernels_find("c"), (struct winograd_case){16, 16, 5, 0}, &seed);
    spoil = 0;
    check_count_errors(NULL);
    ck_assert_int_eq(count, 5); /* only the first sample of a tile depends on that point */
}
END_TEST

int main(void)
{
    first_seed = harness_seed(first_seed);
    Suite *s = suite_create("kernels_winograd");
    TCase *c = tcase_create("kernels_winograd");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, winograd_is_within_its_transforms_rounding);
    tcase_add_test(c, a_wrong_winograd_is_caught);
    suite_add_tcase(s, c);
    return harness_run(s);
}
