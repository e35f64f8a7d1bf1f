/* test_kernels.c - compares every set that this CPU has with the formulas of kernels.h: with sums
 * in double, within the bound that float rounding allows, and for fused sets to the bit.
 * test_kernels_winograd.c and test_kernels_tall.c do the same for Winograd's kernels. */
#include <math.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_check.h"
#include "tests/lib/nn_kernels.h"

enum { L = KERNEL_LANES, FEW = 4, WIDEST = 2 * 5 * L + 3 };

static uint64_t first_seed = 20261123;

struct conv_case {
    int channels, kernel_y, kernel_x;
    bool planar;
};

enum { MOST_BLOCKS = 5 };

static const struct conv_case conv_cases[] = {
    {1, 3, 3, true},   {3, 3, 3, true},    {1, 5, 5, true},    {7, 1, 2, true},
    {1, 1, 1, false},  {5, 3, 3, false},   {16, 3, 3, false},  {17, 2, 3, false},
    {56, 1, 1, false}, {128, 3, 1, false}, {512, 1, 1, false}, {150, 2, 2, false},
    {48, 5, 3, false},
};

/* Computes output o of pixel x of a convolution in double. */
static struct check_sum conv_sum(const struct kernel_conv *k, int block, int x, int o)
{
    int blocks = (k->in_channels + block - 1) / block;
    int taps = k->kernel_y * k->kernel_x * k->in_channels;
    const float *w = k->weight + o / L * taps * L + o % L;
    struct check_sum sum = {.value = (double)k->bias[o], .terms = taps + 2};
    sum.magnitude = fabs(sum.value);
    for (int row = 0; row < k->kernel_y * blocks; row++)
        for (int kx = 0; kx < k->kernel_x; kx++)
            for (int c = 0; c < block && row % blocks * block + c < k->in_channels; c++, w += L) {
                double term = (double)k->in[row][(x + kx) * block + c] * (double)*w;
                sum.value += term;
                sum.magnitude += fabs(term);
            }
    return sum;
}

static void check_conv(const struct kernel_conv *k, int block, const char *name)
{
    for (int x = 0; x < k->width; x++)
        for (int o = 0; o < k->out_blocks * L; o++) {
            struct check_sum sum = conv_sum(k, block, x, o);
            int at = x * k->step + o % L;
            check_finish(&sum, &k->store, o, k->add ? &k->add[o / L][at] : NULL);
            check_stored(k->out[o / L][at], &sum, name);
        }
}

static void try_conv(const struct kernels *set, const struct conv_case *c, int width, int variant,
                     uint64_t *seed)
{
    int block = c->planar ? 1 : L, blocks = (c->channels + block - 1) / block;
    int step = variant % 3 == 2 ? (2 + width % 3) * L : L, outs = 1 + width % MOST_BLOCKS;
    size_t weights = (size_t)(c->kernel_y * c->kernel_x * c->channels * outs) * L;
    struct check_in in =
        check_in_new(c->kernel_y * blocks, (size_t)(width + c->kernel_x - 1) * (size_t)block, seed);
    float *w = build_samples(weights + 2 * (size_t)(outs * L), seed);
    struct check_rows out = check_rows_new(outs, (size_t)(width * step)),
                      want = check_rows_new(outs, out.length),
                      add = check_rows_new(outs, out.length);
    check_rows_fill(&add, seed);
    struct kernel_conv k = {.in = in.row,
                            .in_channels = c->channels,
                            .kernel_y = c->kernel_y,
                            .kernel_x = c->kernel_x,
                            .out_blocks = outs,
                            .weight = w,
                            .bias = w + weights,
                            .store = check_store(variant, w + weights + outs * L),
                            .add = variant == 0 ? NULL : (const float *const *)add.row,
                            .out = out.row,
                            .step = step,
                            .width = width};
    (c->planar ? set->conv_planar : set->conv_blocked)(&k);
    check_conv(&k, block, set->name);
    if (set->fused) {
        k.out = want.row;
        (c->planar ? kernels_plain.conv_planar : kernels_plain.conv_blocked)(&k);
        check_same_bits(&out, &want, out.length, set->name);
    }
    check_rows_free(&add, "nobody");
    check_rows_free(&want, "plain");
    check_rows_free(&out, set->name);
    mem_free(w);
    check_in_free(&in);
}

static void all_convs(const struct kernels *set, uint64_t *seed)
{
    for (size_t c = 0; c < sizeof conv_cases / sizeof *conv_cases; c++)
        for (int width = 1; width <= 52; width++) /* up to two blocks of 24 pixels, and 4 */
            try_conv(set, &conv_cases[c], width, width % CHECK_STORES, seed);
}

START_TEST(convolutions_are_within_float_rounding)
{
    check_each_set(all_convs, first_seed);
}
END_TEST

struct planes_case {
    int channels, kernel, outs, width;
    int variant; /* how sums are stored; four outputs interleave if it is odd */
};

/* Computes output o of pixel x in double. */
static struct check_sum planes_sum(const struct kernel_planes *k, int x, int o)
{
    struct check_sum sum = {.value = (double)k->bias[o]};
    int rows = k->in_channels * k->kernel_y;
    sum.magnitude = fabs(sum.value);
    sum.terms = rows * k->kernel_x + 2;
    for (int i = 0; i < rows * k->kernel_x; i++) {
        double term =
            (double)k->in[i / k->kernel_x][x + i % k->kernel_x] * (double)k->weight[i * FEW + o];
        sum.value += term;
        sum.magnitude += fabs(term);
    }
    return sum;
}

static void try_planes(const struct kernels *set, struct planes_case c, uint64_t *seed)
{
    bool interleave = c.outs == FEW && c.variant % 2 == 1;
    int rows = c.channels * c.kernel, padded = (c.width + L - 1) / L * L;
    struct check_in in = check_in_new(rows, (size_t)(padded + c.kernel - 1), seed);
    size_t weights = (size_t)(rows * c.kernel * FEW);
    float *w = build_samples(weights + 2 * FEW, seed);
    int out_rows = interleave ? 2 : c.outs, apart = interleave ? 2 : 1;
    struct check_rows out = check_rows_new(out_rows, (size_t)(padded * apart)),
                      want = check_rows_new(out_rows, out.length),
                      add = check_rows_new(out_rows, out.length);
    check_rows_fill(&add, seed);
    struct kernel_planes k = {.in = in.row,
                              .in_channels = c.channels,
                              .kernel_y = c.kernel,
                              .kernel_x = c.kernel,
                              .outs = c.outs,
                              .weight = w,
                              .bias = w + weights,
                              .store = check_store(c.variant, w + weights + FEW),
                              .add = c.variant == 0 ? NULL : (const float *const *)add.row,
                              .out = out.row,
                              .interleave = interleave,
                              .width = c.width};
    set->planes(&k);
    for (int o = 0; o < c.outs; o++)
        for (int x = 0; x < c.width; x++) {
            int row = interleave ? o / 2 : o, at = interleave ? 2 * x + o % 2 : x;
            struct check_sum sum = planes_sum(&k, x, o);
            check_finish(&sum, &k.store, o, k.add ? &add.row[row][at] : NULL);
            check_stored(out.row[row][at], &sum, set->name);
        }
    if (set->fused) {
        k.out = want.row;
        kernels_plain.planes(&k);
        check_same_bits(&out, &want, (size_t)(c.width * apart), set->name);
    }
    check_rows_free(&add, "nobody");
    check_rows_free(&want, "plain");
    check_rows_free(&out, set->name);
    mem_free(w);
    check_in_free(&in);
}

static void all_planes(const struct kernels *set, uint64_t *seed)
{
    for (int width = 1; width <= WIDEST; width++)
        try_planes(set,
                   (struct planes_case){1 + width % 5, 1 + width % 5, 1 + width % FEW, width,
                                        width % CHECK_STORES},
                   seed);
    for (int width = 1; width <= WIDEST; width++)
        try_planes(set, (struct planes_case){24, 2, 1 + width % FEW, width, width % CHECK_STORES},
                   seed);
    for (int variant = 0; variant < CHECK_STORES; variant++)
        try_planes(set, (struct planes_case){16, 3, FEW, 83, variant}, seed);
    try_planes(set, (struct planes_case){512, 1, 3, 20, 1}, seed);
}

START_TEST(planes_are_within_float_rounding)
{
    check_each_set(all_planes, first_seed);
}
END_TEST

static void all_unblocks(const struct kernels *set, uint64_t *seed)
{
    for (int width = 1; width <= 40; width++) {
        int channels = 1 + width % L, padded = (width + L - 1) / L * L;
        struct check_in in = check_in_new(1, (size_t)(padded * L), seed);
        struct check_rows out = check_rows_new(channels, (size_t)padded);
        set->unblock(in.row[0], out.row, channels, width);
        for (int c = 0; c < channels; c++)
            for (int x = 0; x < width; x++)
                ck_assert_int_eq(memcmp(&out.row[c][x], &in.row[0][x * L + c], sizeof(float)), 0);
        check_rows_free(&out, set->name);
        check_in_free(&in);
    }
}

START_TEST(unblocking_moves_every_sample_to_its_plane)
{
    check_each_set(all_unblocks, first_seed);
}
END_TEST

/* Calls merge and finish of a set for rows of this length. Way `variant` is a number of rows, a
 * product or a sum, and a store. */
static void row_by(const struct kernels *set, const struct check_in *in, int length, int variant,
                   float *out)
{
    struct kernel_store store = check_store(variant / 8, in->row[in->count - 1]);
    struct kernel_merge k = {in->row, 1 + variant % 4, variant / 4 % 2 == 1, out};
    set->merge(&k, length);
    set->finish(&store, out, length);
}

static void try_merge(const struct kernels *set, int variant, uint64_t *seed)
{
    int length = 1 + (37 * variant) % WIDEST;
    size_t padded = (size_t)(length + L - 1) / L * L;
    struct check_in in = check_in_new(5, padded, seed);
    struct check_rows got = check_rows_new(1, padded), want = check_rows_new(1, padded);
    row_by(set, &in, length, variant, got.row[0]);
    row_by(&kernels_plain, &in, length, variant, want.row[0]);
    check_same_bits(&got, &want, (size_t)length, set->name);
    check_rows_free(&got, set->name);
    check_rows_free(&want, "plain");
    check_in_free(&in);
}

static void all_merges(const struct kernels *set, uint64_t *seed)
{
    for (int variant = 0; variant < 8 * CHECK_STORES; variant++)
        try_merge(set, variant, seed);
}

START_TEST(merged_rows_have_the_bits_of_the_formulas)
{
    check_each_set(all_merges, first_seed);
}
END_TEST

static void try_interleave(const struct kernels *set, int count, int width, uint64_t *seed)
{
    size_t made = (size_t)(count * width), padded = (made + L - 1) / L * L;
    struct check_in in = check_in_new(count, (size_t)width, seed);
    struct check_rows got = check_rows_new(1, padded), want = check_rows_new(1, padded);
    for (size_t i = made; i < padded; i++)
        got.row[0][i] = want.row[0][i] = 0; /* they must stay as they are */
    set->interleave(in.row, count, got.row[0], width);
    kernels_plain.interleave(in.row, count, want.row[0], width);
    check_same_bits(&got, &want, padded, set->name);
    check_rows_free(&got, set->name);
    check_rows_free(&want, "plain");
    check_in_free(&in);
}

static void all_interleaves(const struct kernels *set, uint64_t *seed)
{
    for (int count = 1; count <= 5; count++)
        for (int width = 1; width <= 3 * L; width++)
            try_interleave(set, count, width, seed);
}

START_TEST(interleaving_writes_no_sample_too_many)
{
    check_each_set(all_interleaves, first_seed);
}
END_TEST

/* Convolutions that are slightly wrong: one channel too few, and products that are rounded. */
static void lazy_conv(const struct kernel_conv *k)
{
    struct kernel_conv less = *k;
    less.in_channels--;
    kernels_plain.conv_blocked(&less);
}

static void rounded_conv(const struct kernel_conv *k)
{
    kernels_find("c")->conv_blocked(k);
}

/* Kernels of rows: one row too few, a row that is not stored, and a sample too many. */
static void lazy_merge(const struct kernel_merge *k, int length)
{
    struct kernel_merge less = *k;
    less.count = k->count > 1 ? k->count - 1 : 1;
    kernels_plain.merge(&less, length);
}

static void no_finish(const struct kernel_store *store, float *row, int length)
{
    (void)store, (void)row, (void)length;
}

static void greedy_interleave(const float *const *planes, int count, float *out, int width)
{
    kernels_plain.interleave(planes, count, out, width);
    out[count * width] = 1;
}

/* Returns the number of errors that `try` finds. */
static int errors_of(void (*try)(const struct kernels *set, uint64_t *seed),
                     const struct kernels *set)
{
    int count = 0;
    uint64_t seed = 3;
    check_count_errors(&count);
    try(set, &seed);
    check_count_errors(NULL);
    return count;
}

static void one_conv(const struct kernels *set, uint64_t *seed)
{
    try_conv(set, &(struct conv_case){56, 1, 1, false}, 9, 0, seed);
}

static void one_interleave(const struct kernels *set, uint64_t *seed)
{
    try_interleave(set, 3, L - 1, seed);
}

START_TEST(wrong_kernels_are_caught)
{
    const struct kernels *p = &kernels_plain;
    const struct {
        struct kernels set;
        void (*try)(const struct kernels *set, uint64_t *seed);
        int least;
    } wrongs[] = {
        {{.name = "lazy", .conv_blocked = lazy_conv}, one_conv, 20},
        {{.name = "rounded", .fused = true, .conv_blocked = rounded_conv}, one_conv, 20},
        {{.name = "lazy", .merge = lazy_merge, .finish = p->finish}, all_merges, 500},
        {{.name = "no finish", .merge = p->merge, .finish = no_finish}, all_merges, 500},
        {{.name = "greedy", .interleave = greedy_interleave}, one_interleave, 0},
    };
    for (size_t k = 0; k < sizeof wrongs / sizeof *wrongs; k++)
        ck_assert_int_gt(errors_of(wrongs[k].try, &wrongs[k].set), wrongs[k].least);
}
END_TEST

START_TEST(sets_are_found_by_name)
{
    ck_assert_ptr_eq(kernels_find(NULL), kernels_at(0));
    ck_assert_ptr_nonnull(kernels_find("c"));
    ck_assert_ptr_null(kernels_find("mmx"));
    ck_assert_ptr_null(kernels_at(100));
}
END_TEST

int main(void)
{
    first_seed = harness_seed(first_seed);
    Suite *s = suite_create("kernels");
    TCase *c = tcase_create("kernels");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, convolutions_are_within_float_rounding);
    tcase_add_test(c, planes_are_within_float_rounding);
    tcase_add_test(c, unblocking_moves_every_sample_to_its_plane);
    tcase_add_test(c, merged_rows_have_the_bits_of_the_formulas);
    tcase_add_test(c, interleaving_writes_no_sample_too_many);
    tcase_add_test(c, wrong_kernels_are_caught);
    tcase_add_test(c, sets_are_found_by_name);
    suite_add_tcase(s, c);
    return harness_run(s);
}
