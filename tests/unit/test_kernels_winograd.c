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
    int gives, channels, outs, tiles;
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

enum { MOST = KERNEL_WINOGRAD_MOST, MOST_SIDE = MOST + 2 };

/* B', A' and G of F(4, 3) and F(6, 3). */
static const struct matrices {
    double in[MOST_SIDE][MOST_SIDE], out[MOST][MOST_SIDE], weight[MOST_SIDE][3];
} four = {{{4, 0, -5, 0, 1, 0},
           {0, -4, -4, 1, 1, 0},
           {0, 4, -4, -1, 1, 0},
           {0, -2, -1, 2, 1, 0},
           {0, 2, -1, -2, 1, 0},
           {0, 4, 0, -5, 0, 1}},
          {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}},
          {{1.0 / 4, 0, 0},
           {-1.0 / 6, -1.0 / 6, -1.0 / 6},
           {-1.0 / 6, 1.0 / 6, -1.0 / 6},
           {1.0 / 24, 1.0 / 12, 1.0 / 6},
           {1.0 / 24, -1.0 / 12, 1.0 / 6},
           {0, 0, 1}}},
  six = {{{1, 0, -5.25, 0, 5.25, 0, -1, 0},
          {0, 1, 1, -4.25, -4.25, 1, 1, 0},
          {0, -1, 1, 4.25, -4.25, -1, 1, 0},
          {0, 0.5, 0.25, -2.5, -1.25, 2, 1, 0},
          {0, -0.5, 0.25, 2.5, -1.25, -2, 1, 0},
          {0, 2, 4, -2.5, -5, 0.5, 1, 0},
          {0, -2, 4, 2.5, -5, -0.5, 1, 0},
          {0, -1, 0, 5.25, 0, -5.25, 0, 1}},
         {{1, 1, 1, 1, 1, 1, 1, 0},
          {0, 1, -1, 2, -2, 0.5, -0.5, 0},
          {0, 1, 1, 4, 4, 0.25, 0.25, 0},
          {0, 1, -1, 8, -8, 0.125, -0.125, 0},
          {0, 1, 1, 16, 16, 0.0625, 0.0625, 0},
          {0, 1, -1, 32, -32, 0.03125, -0.03125, 1}},
         {{1, 0, 0},
          {-2.0 / 9, -2.0 / 9, -2.0 / 9},
          {-2.0 / 9, 2.0 / 9, -2.0 / 9},
          {1.0 / 90, 1.0 / 45, 2.0 / 45},
          {1.0 / 90, -1.0 / 45, 2.0 / 45},
          {32.0 / 45, 16.0 / 45, 8.0 / 45},
          {32.0 / 45, -16.0 / 45, 8.0 / 45},
          {0, 0, 1}}};

/* Computes the sum of the magnitudes of all terms of each sample of a tile of output o: |A'| (the
 * sum over channels of (|B'| |d| |B|) |U|) |A|. Rounding errors grow no more than magnitudes do. */
static void tile_magnitudes(const struct kernel_winograd *k, int tile, int o,
                            double out[MOST][MOST])
{
    const struct matrices *w = k->gives == 4 ? &four : &six;
    double m[MOST_SIDE][MOST_SIDE] = {{0}};
    int blocks = (k->in_channels + L - 1) / L, side = k->gives + 2, points = side * side;
    const float *u = k->weight + (size_t)(o / L * k->in_channels) * L + o % L;
    for (int c = 0; c < k->in_channels; c++)
        for (int i = 0; i < points; i++) {
            double v = 0;
            for (int n = 0; n < points; n++)
                v += fabs(
                    w->in[i / side][n / side] * w->in[i % side][n % side] *
                    (double)
                        k->in[n / side * blocks + c / L][(k->gives * tile + n % side) * L + c % L]);
            m[i / side][i % side] +=
                v * fabs((double)u[(i * k->out_blocks * k->in_channels + c) * L]);
        }
    for (int y = 0; y < k->gives; y++)
        for (int x = 0; x < k->gives; x++) {
            out[y][x] = 0;
            for (int n = 0; n < points; n++)
                out[y][x] +=
                    fabs(w->out[y][n / side] * w->out[x][n % side]) * m[n / side][n % side];
        }
}

/* Checks all outputs. Each term is rounded three times per dimension into V, once for U, once per
 * channel, and four times per dimension out of M. */
static void check_outputs(const struct kernel_winograd *k, const float *weight, int outs,
                          const char *name)
{
    for (int i = 0; i < outs * k->tiles; i++) {
        int o = i % outs, tile = i / outs;
        double magnitude[MOST][MOST];
        tile_magnitudes(k, tile, o, magnitude);
        for (int n = 0; n < k->gives * k->gives; n++) {
            int y = n / k->gives, x = k->gives * tile + n % k->gives;
            int row = y * k->out_blocks + o / L, at = x * L + o % L;
            struct check_sum sum = {direct_3x3(k, weight, (struct output){o, y, x}),
                                    magnitude[y][n % k->gives] + fabs((double)k->bias[o]),
                                    15 + k->in_channels};
            check_finish(&sum, &k->store, o, k->add ? &k->add[row][at] : NULL);
            check_stored(k->out[row][at], &sum, name);
        }
    }
}

static void try_winograd(const struct kernels *set, struct winograd_case c, uint64_t *seed)
{
    int blocks = (c.channels + L - 1) / L, out_blocks = (c.outs + L - 1) / L, side = c.gives + 2;
    struct check_in in = check_in_new(side * blocks, (size_t)(c.gives * c.tiles + 2) * L, seed);
    float *w = build_samples((size_t)(c.channels * c.outs) * 9, seed);
    float *u = mem_alloc((size_t)(side * side * c.channels * out_blocks) * L, sizeof *u);
    float *store = build_samples((size_t)(2 * out_blocks * L), seed);
    kernel_winograd_pack(c.gives, w, c.channels, c.outs, u);
    u[0] += spoil;
    struct check_rows out = check_rows_new(c.gives * out_blocks, (size_t)(c.gives * c.tiles * L)),
                      want = check_rows_new(c.gives * out_blocks, out.length),
                      add = check_rows_new(c.gives * out_blocks, out.length);
    check_rows_fill(&add, seed);
    size_t scratch = kernel_winograd_scratch(c.gives, c.channels);
    struct kernel_winograd k = {.in = in.row,
                                .gives = c.gives,
                                .in_channels = c.channels,
                                .out_blocks = out_blocks,
                                .weight = u,
                                .bias = store,
                                .store = check_store(c.variant, store + out_blocks * L),
                                .add = c.variant == 0 ? NULL : (const float *const *)add.row,
                                .out = out.row,
                                .tiles = c.tiles,
                                .scratch = mem_alloc(scratch, sizeof(float))};
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

/* Tries counts of tiles that fill one group, two and three, of blocks alone and in pairs. */
static void all_winograds(const struct kernels *set, int gives, uint64_t *seed)
{
    for (int tiles = 1; tiles <= 33; tiles++)
        try_winograd(set, (struct winograd_case){gives, 16, 16, tiles, tiles % CHECK_STORES}, seed);
    for (int channels = 1; channels <= 40; channels += 3)
        try_winograd(set,
                     (struct winograd_case){gives, channels, 1 + channels * 7 % 40,
                                            1 + channels % 17, channels % CHECK_STORES},
                     seed);
    for (int tiles = 1; tiles <= 29; tiles++)
        try_winograd(set, (struct winograd_case){gives, 21, 33, tiles, tiles % CHECK_STORES}, seed);
    try_winograd(set, (struct winograd_case){gives, 128, 20, 3, 1}, seed);
}

static void all_fours(const struct kernels *set, uint64_t *seed)
{
    all_winograds(set, 4, seed);
}

static void all_sixes(const struct kernels *set, uint64_t *seed)
{
    all_winograds(set, 6, seed);
}

START_TEST(winograd_is_within_its_transforms_rounding)
{
    check_each_set(_i == 0 ? all_fours : all_sixes, first_seed);
}
END_TEST

/* Returns point (y, x) of L d R, where d is a square of `from` samples, `left` is row y of L and
 * `right` is column x of R. */
static double point_of(const double *left, const double *right, const double *d, int from)
{
    double sum = 0;
    for (int n = 0; n < from * from; n++)
        sum += left[n / from] * d[n] * right[n % from];
    return sum;
}

/* The bounds on rounding are wide: an error in a constant could hide in them. In double there is
 * hardly any. */
START_TEST(matrices_give_the_convolution_and_weights_are_packed_by_them)
{
    const int gives = _i == 0 ? 4 : 6, side = gives + 2;
    const struct matrices *w = gives == 4 ? &four : &six;
    uint64_t seed = 9;
    float *in = build_samples(64, &seed), *weight = build_samples(9, &seed);
    float packed[64 * L];
    double d[64], g[9], m[64];
    for (int n = 0; n < 64; n++)
        d[n] = (double)in[n];
    for (int n = 0; n < 9; n++)
        g[n] = (double)weight[n];
    kernel_winograd_pack(gives, weight, 1, 1, packed);
    for (int n = 0; n < side * side; n++) {
        double u = point_of(w->weight[n / side], w->weight[n % side], g, 3);
        ck_assert_double_eq_tol((double)packed[n * L], u, ldexp(fabs(u), -24) + 1e-15);
        m[n] = u * point_of(w->in[n / side], w->in[n % side], d, side);
    }
    for (int n = 0; n < gives * gives; n++) {
        double want = 0;
        for (int k = 0; k < 9; k++)
            want += g[k] * d[(n / gives + k / 3) * side + n % gives + k % 3];
        double got = point_of(w->out[n / gives], w->out[n % gives], m, side);
        ck_assert_double_eq_tol(got, want, 1e-11);
    }
    mem_free(weight);
    mem_free(in);
}
END_TEST

/* A Winograd kernel whose first weight is off by what its bound lets show. */
START_TEST(a_wrong_winograd_is_caught)
{
    int count = 0;
    uint64_t seed = 4;
    check_count_errors(&count);
    spoil = _i == 0 ? 1e-3f : 0.1f;
    try_winograd(kernels_find("c"), (struct winograd_case){_i == 0 ? 4 : 6, 16, 16, 5, 0}, &seed);
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
    tcase_add_loop_test(c, winograd_is_within_its_transforms_rounding, 0, 2);
    tcase_add_loop_test(c, matrices_give_the_convolution_and_weights_are_packed_by_them, 0, 2);
    tcase_add_loop_test(c, a_wrong_winograd_is_caught, 0, 2);
    suite_add_tcase(s, c);
    return harness_run(s);
}
