/* test_kernels_tall.c - compares the kernel of tall tiles, Winograd's F(4, 5), of every set that
 * this CPU has with a direct convolution in double, within the bound that the rounding of its
 * transforms allows, and for fused sets with the definition to the bit. */
#include <math.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_check.h"
#include "tests/lib/nn_kernels.h"

enum { L = KERNEL_LANES, FEW = 4, IN = 8, POINTS = 8, ROWS = KERNEL_TALL_ROWS };
enum { TAPS = KERNEL_TALL_TAPS, WIDEST = 2 * KERNEL_TALL_PIXELS + 3 };

static uint64_t first_seed = 20261130;
static float spoil; /* the error that is added to the first transformed weight */

struct tall_case {
    int channels, kernel_x, outs, groups, width;
    int variant;     /* how sums are stored */
    bool interleave; /* four outputs */
};

/* One output of a group: row y of the tile, pixel x. */
struct output {
    int group, o, y, x;
};

/* Returns the tap of the unpacked weights. */
static double tap_of(const struct kernel_planes *k, const float *weight, struct output at, int c,
                     int ky, int kx)
{
    int row = (at.group * k->in_channels + c) * TAPS + ky;
    return (double)weight[(row * k->kernel_x + kx) * FEW + at.o];
}

/* Computes an output in double, from the unpacked weights. */
static double direct(const struct kernel_planes *k, const float *weight, struct output at)
{
    double sum = (double)k->bias[at.group * FEW + at.o];
    for (int c = 0; c < k->in_channels; c++)
        for (int ky = 0; ky < TAPS; ky++)
            for (int kx = 0; kx < k->kernel_x; kx++)
                sum +=
                    (double)k->in[c * IN + at.y + ky][at.x + kx] * tap_of(k, weight, at, c, ky, kx);
    return sum;
}

/* |B'| and |A'|. Rounding errors grow no more than magnitudes do. */
static const double abs_in[POINTS][IN] = {
    {1, 0, 5.25, 0, 5.25, 0, 1, 0},   {0, 1, 1, 4.25, 4.25, 1, 1, 0},
    {0, 1, 1, 4.25, 4.25, 1, 1, 0},   {0, .5, .25, 2.5, 1.25, 2, 1, 0},
    {0, .5, .25, 2.5, 1.25, 2, 1, 0}, {0, 2, 4, 2.5, 5, .5, 1, 0},
    {0, 2, 4, 2.5, 5, .5, 1, 0},      {0, 1, 0, 5.25, 0, 5.25, 0, 1}};
static const double abs_out[ROWS][POINTS] = {{1, 1, 1, 1, 1, 1, 1, 0},
                                             {0, 1, 1, 2, 2, .5, .5, 0},
                                             {0, 1, 1, 4, 4, .25, .25, 0},
                                             {0, 1, 1, 8, 8, .125, .125, 1}};

/* Returns the sum of the magnitudes of all terms of an output: |A'| (the sum over channels and
 * columns of (|B'| |d|) |U|). */
static double magnitude_of(const struct kernel_planes *k, struct output at)
{
    double sum = 0;
    for (int i = 0; i < POINTS; i++)
        for (int c = 0; c < k->in_channels; c++)
            for (int kx = 0; kx < k->kernel_x; kx++) {
                double v = 0;
                for (int y = 0; y < IN; y++)
                    v += abs_in[i][y] * fabs((double)k->in[c * IN + y][at.x + kx]);
                int u = ((at.group * POINTS + i) * k->in_channels + c) * k->kernel_x + kx;
                sum += abs_out[at.y][i] * v * fabs((double)k->weight[u * FEW + at.o]);
            }
    return sum;
}

/* Checks an output. Each term is rounded three times into V, once for U, once per channel and
 * column, at most four times out of M, and once with the bias. */
static void check_output(const struct kernel_planes *k, const float *weight, struct output at,
                         const char *name)
{
    int lane = at.group * FEW + at.o, rows = k->interleave ? 2 : k->outs;
    int row = (at.group * ROWS + at.y) * rows + (k->interleave ? at.o / 2 : at.o);
    int x = k->interleave ? 2 * at.x + at.o % 2 : at.x;
    struct check_sum sum = {direct(k, weight, at),
                            magnitude_of(k, at) + fabs((double)k->bias[lane]),
                            9 + k->in_channels * k->kernel_x};
    check_finish(&sum, &k->store, lane, k->add ? &k->add[row][x] : NULL);
    check_stored(k->out[row][x], &sum, name);
}

static void check_outputs(const struct kernel_tall *k, const float *weight, const char *name)
{
    for (int i = 0; i < k->groups * k->planes.outs; i++)
        for (int y = 0; y < ROWS; y++)
            for (int x = 0; x < k->planes.width; x++)
                check_output(&k->planes, weight,
                             (struct output){i / k->planes.outs, i % k->planes.outs, y, x}, name);
}

static float *packed(struct tall_case c, const float *weight)
{
    size_t group = (size_t)(c.channels * c.kernel_x) * FEW;
    float *u = mem_alloc((size_t)c.groups * POINTS * group, sizeof *u);
    for (int g = 0; g < c.groups; g++)
        kernel_tall_pack(weight + (size_t)(g * TAPS) * group, c.channels, c.kernel_x,
                         u + (size_t)(g * POINTS) * group);
    u[0] += spoil;
    return u;
}

static void try_tall(const struct kernels *set, struct tall_case c, uint64_t *seed)
{
    bool interleave = c.outs == FEW && c.interleave;
    int padded = (c.width + L - 1) / L * L, apart = interleave ? 2 : 1;
    int rows = c.groups * ROWS * (interleave ? 2 : c.outs), lanes = c.groups * FEW;
    struct check_in in = check_in_new(c.channels * IN, (size_t)(padded + L), seed);
    float *w = build_samples((size_t)(c.groups * c.channels * TAPS * c.kernel_x * FEW), seed);
    float *store = build_samples((size_t)(2 * lanes), seed), *u = packed(c, w);
    struct check_rows out = check_rows_new(rows, (size_t)(padded * apart)),
                      want = check_rows_new(rows, out.length),
                      add = check_rows_new(rows, out.length);
    check_rows_fill(&add, seed);
    struct kernel_tall k = {.planes = {.in = in.row,
                                       .in_channels = c.channels,
                                       .kernel_y = TAPS,
                                       .kernel_x = c.kernel_x,
                                       .outs = c.outs,
                                       .weight = u,
                                       .bias = store,
                                       .store = check_store(c.variant, store + lanes),
                                       .add = c.variant == 0 ? NULL : (const float *const *)add.row,
                                       .out = out.row,
                                       .interleave = interleave,
                                       .width = c.width},
                            .groups = c.groups,
                            .scratch = mem_alloc(kernel_tall_scratch(c.groups), sizeof(float))};
    set->tall(&k);
    check_outputs(&k, w, set->name);
    if (set->fused) {
        k.planes.out = want.row;
        kernels_plain.tall(&k);
        check_same_bits(&out, &want, (size_t)(c.width * apart), set->name);
    }
    mem_free(k.scratch);
    check_rows_free(&add, "nobody");
    check_rows_free(&want, "plain");
    check_rows_free(&out, set->name);
    mem_free(u);
    mem_free(store);
    mem_free(w);
    check_in_free(&in);
}

static void all_talls(const struct kernels *set, uint64_t *seed)
{
    for (int width = 1; width <= WIDEST; width++)
        try_tall(set,
                 (struct tall_case){1 + width % 7, 1 + width % KERNEL_TALL_MOST_TAPS,
                                    1 + width % FEW, 1 + width % 3, width, width % CHECK_STORES,
                                    width % 8 > 3},
                 seed);
    for (int k = 0; k < 2 * CHECK_STORES; k++)
        try_tall(set, (struct tall_case){56, 5, FEW, 1 + k % FEW, 23, k / 2, k % 2}, seed);
    try_tall(set, (struct tall_case){200, 3, 3, 1, 20, 1, false}, seed);
}

START_TEST(tall_tiles_are_within_their_transforms_rounding)
{
    check_each_set(all_talls, first_seed);
}
END_TEST

/* A kernel whose first weight is off by a thousandth. */
START_TEST(a_wrong_tall_tile_is_caught)
{
    int count = 0;
    uint64_t seed = 4;
    check_count_errors(&count);
    spoil = 1e-3f;
    try_tall(kernels_find("c"), (struct tall_case){2, 3, 2, 1, 20, 0, false}, &seed);
    spoil = 0;
    check_count_errors(NULL);
    ck_assert_int_ge(count, 18); /* of 20: only the first row depends on that point, and the sample
                                    that it multiplies may be near 0 */
    ck_assert_int_le(count, 20);
}
END_TEST

int main(void)
{
    first_seed = harness_seed(first_seed);
    Suite *s = suite_create("kernels_tall");
    TCase *c = tcase_create("kernels_tall");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, tall_tiles_are_within_their_transforms_rounding);
    tcase_add_test(c, a_wrong_tall_tile_is_caught);
    suite_add_tcase(s, c);
    return harness_run(s);
}
