/* test_kernels.c - compares every set that this processor has with the formulas of kernels.h: with
 * sums in double, within the bound that float rounding allows, and for fused sets to the bit. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_kernels.h"

enum { L = KERNEL_LANES, FEW = 4, GUARD = 4 * L, WIDEST = 2 * 5 * L + 3 };
static const float guard = -12345.5f;

/* Floats that end at an inaccessible page, so that a read beyond them is noticed. */
struct fenced {
    float *data;
    void *map;
    size_t bytes;
};

static struct fenced fenced_new(size_t floats, uint64_t *seed)
{
    size_t page = 4096, used = (floats * sizeof(float) + page - 1) / page * page;
    struct fenced f = {.bytes = used + page};
    f.map = mmap(NULL, f.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(f.map, MAP_FAILED);
    ck_assert_int_eq(mprotect((char *)f.map + used, page, PROT_NONE), 0);
    f.data = (float *)(void *)((char *)f.map + used) - floats;
    for (size_t i = 0; i < floats; i++)
        f.data[i] = harness_float(seed);
    return f;
}

static void fenced_free(struct fenced *f)
{
    munmap(f->map, f->bytes);
}

/* Output rows, with guards on both sides of each. */
struct rows {
    float *all;
    float *row[4 * 4];
    size_t length;
    int count;
};

static struct rows rows_new(int count, size_t length)
{
    struct rows r = {.length = (length + L - 1) / L * L, .count = count};
    size_t total = (size_t)count * (r.length + 2 * GUARD);
    r.all = mem_alloc(total, sizeof *r.all);
    for (size_t i = 0; i < total; i++)
        r.all[i] = guard;
    for (int k = 0; k < count; k++)
        r.row[k] = r.all + (size_t)k * (r.length + 2 * GUARD) + GUARD;
    return r;
}

static void rows_free(struct rows *r, const char *name)
{
    for (int k = 0; k < r->count; k++)
        for (size_t i = 0; i < GUARD; i++)
            ck_assert_msg(r->row[k][-1 - (ptrdiff_t)i] == guard && /* nothing was written there */
                              r->row[k][r->length + i] == guard,
                          "%s wrote beyond its rows", name);
    mem_free(r->all);
}

/* While this is set, errors are counted and not reported, for kernels that must be caught. */
static int *caught;
static float spoil; /* the error that is added to the first transformed weight */

static void wrong(const char *name, double got, double want, double bound)
{
    if (caught)
        ++*caught;
    else
        ck_abort_msg("%s: %.9g, not %.9g +- %.3g", name, got, want, bound);
}

static void same_bits(const struct rows *got, const struct rows *want, size_t count,
                      const char *name)
{
    for (int k = 0; k < got->count; k++)
        for (size_t i = 0; i < count; i++)
            if (memcmp(&got->row[k][i], &want->row[k][i], sizeof(float)) != 0)
                wrong(name, (double)got->row[k][i], (double)want->row[k][i], 0);
}

/* Returns one of the ways to store, by its number: activations, clamps, an add before or after. */
enum { STORES = 6 };

static struct kernel_store store_at(int k, const float *slope)
{
    struct kernel_store s = {slope, -INFINITY, INFINITY, k % 2 == 0};
    if (k >= 2) {
        s.lo = -0.25f;
        s.hi = k >= 4 ? 0.5f : INFINITY;
    }
    return s;
}

static void fill(float *v, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++)
        v[i] = harness_float(seed);
}

/* Checks a sum of float products: its error is at most (terms + 2) * epsilon * sum of
 * magnitudes. */
static void within(float got, double want, double magnitude, double terms, const char *name)
{
    double bound = (terms + 2) * (double)FLT_EPSILON * magnitude;
    if (!(fabs((double)got - want) <= bound))
        wrong(name, (double)got, want, bound);
}

static double stored(const struct kernel_store *s, int o, double v, const float *add)
{
    if (add && s->add_first)
        v += (double)*add;
    v = v < 0 ? (double)s->slope[o] * v : v;
    if (add && !s->add_first)
        v += (double)*add;
    v = v > (double)s->lo ? v : (double)s->lo;
    return v < (double)s->hi ? v : (double)s->hi;
}

struct conv_case {
    int channels, kernel_y, kernel_x;
    bool planar;
};

static const struct conv_case conv_cases[] = {
    {1, 3, 3, true},   {3, 3, 3, true},    {1, 5, 5, true},    {7, 1, 2, true},
    {1, 1, 1, false},  {5, 3, 3, false},   {16, 3, 3, false},  {17, 2, 3, false},
    {56, 1, 1, false}, {128, 3, 1, false}, {512, 1, 1, false},
};

/* Computes one output of a convolution in double, and the sum of its terms' magnitudes. */
static double conv_sum(const struct kernel_conv *k, int block, int x, int o, double *magnitude)
{
    int blocks = (k->in_channels + block - 1) / block;
    const float *w = k->weight + o;
    double sum = (double)k->bias[o];
    *magnitude = fabs(sum);
    for (int row = 0; row < k->kernel_y * blocks; row++)
        for (int kx = 0; kx < k->kernel_x; kx++)
            for (int c = 0; c < block && row % blocks * block + c < k->in_channels; c++, w += L) {
                double term = (double)k->in[row][(x + kx) * block + c] * (double)*w;
                sum += term;
                *magnitude += fabs(term);
            }
    return sum;
}

static void try_conv(const struct kernels *set, const struct conv_case *c, int width, int variant,
                     uint64_t *seed)
{
    int block = c->planar ? 1 : L, blocks = (c->channels + block - 1) / block;
    int rows = c->kernel_y * blocks, step = variant % 3 == 2 ? (2 + width % 3) * L : L;
    size_t row = (size_t)(width + c->kernel_x - 1) * (size_t)block;
    size_t weights = (size_t)(c->kernel_y * c->kernel_x * c->channels) * L;
    struct fenced *in = calloc((size_t)rows, sizeof *in);
    const float **pointers = calloc((size_t)rows, sizeof *pointers);
    for (int i = 0; i < rows; i++) {
        in[i] = fenced_new(row, seed);
        pointers[i] = in[i].data;
    }
    float *w = mem_alloc(weights + 2 * L, sizeof *w);
    fill(w, weights + 2 * L, seed);
    struct rows out = rows_new(1, (size_t)(width * step)), want = rows_new(1, out.length);
    float *add = mem_alloc(out.length, sizeof *add);
    fill(add, out.length, seed);
    struct kernel_conv k = {pointers,
                            c->channels,
                            c->kernel_y,
                            c->kernel_x,
                            w,
                            w + weights,
                            store_at(variant, w + weights + L),
                            variant == 0 ? NULL : add,
                            out.row[0],
                            step,
                            width};
    (c->planar ? set->conv_planar : set->conv_blocked)(&k);
    for (int x = 0; x < width; x++)
        for (int o = 0; o < L; o++) {
            double magnitude, sum = conv_sum(&k, block, x, o, &magnitude);
            const float *a = k.add ? k.add + x * step + o : NULL;
            within(out.row[0][x * step + o], stored(&k.store, o, sum, a),
                   magnitude + (a ? fabs((double)*a) : 0),
                   (double)(c->kernel_y * c->kernel_x * c->channels) + 2, set->name);
        }
    if (set->fused) {
        k.out = want.row[0];
        (c->planar ? kernels_plain.conv_planar : kernels_plain.conv_blocked)(&k);
        same_bits(&out, &want, out.length, set->name);
    }
    rows_free(&want, "plain");
    rows_free(&out, set->name);
    mem_free(add);
    mem_free(w);
    for (int i = 0; i < rows; i++)
        fenced_free(&in[i]);
    free(pointers);
    free(in);
}

static uint64_t first_seed = 20261123;

static void each_set(void (*claim)(const struct kernels *set, uint64_t *seed))
{
    const struct kernels *set;
    for (int n = 0; (set = kernels_at(n)) != NULL; n++) {
        uint64_t seed = first_seed;
        claim(set, &seed);
    }
}

static void all_convs(const struct kernels *set, uint64_t *seed)
{
    for (size_t c = 0; c < sizeof conv_cases / sizeof *conv_cases; c++)
        for (int width = 1; width <= 52; width++) /* up to two blocks of 24 pixels, and 4 */
            try_conv(set, &conv_cases[c], width, width % STORES, seed);
}

START_TEST(convolutions_are_within_float_rounding)
{
    each_set(all_convs);
}
END_TEST

/* Computes one output of a 3x3 convolution in double, from the unpacked weights. */
static double direct_3x3(const float *const *in, int blocks, const float *w, int channels, int y,
                         int x)
{
    double sum = 0;
    for (int c = 0; c < channels; c++)
        for (int k = 0; k < 9; k++) {
            double d = (double)in[(y + k / 3) * blocks + c / L][(x + k % 3) * L + c % L];
            sum += d * (double)w[c * 9 + k];
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

/* Each term is rounded three times per dimension into V, once for U, once per channel, and four
 * times per dimension out of M. */
static void try_winograd(const struct kernels *set, int channels, int outs, int tiles, int variant,
                         uint64_t *seed)
{
    int blocks = (channels + L - 1) / L, out_blocks = (outs + L - 1) / L;
    const float **pointers = calloc((size_t)(6 * blocks), sizeof *pointers);
    struct fenced *in = calloc((size_t)(6 * blocks), sizeof *in);
    for (int i = 0; i < 6 * blocks; i++) {
        in[i] = fenced_new((size_t)(4 * tiles + 2) * L, seed);
        pointers[i] = in[i].data;
    }
    size_t weights = (size_t)(channels * outs) * 9,
           packed = (size_t)(36 * channels * out_blocks) * L;
    float *w = build_samples(weights, seed), *u = mem_alloc(packed, sizeof *u);
    float *store = build_samples((size_t)(2 * out_blocks * L), seed);
    kernel_winograd_pack(w, channels, outs, u);
    u[0] += spoil;
    struct rows out = rows_new(4 * out_blocks, (size_t)(4 * tiles * L));
    struct rows want = rows_new(4 * out_blocks, out.length),
                add = rows_new(4 * out_blocks, out.length);
    for (int k = 0; k < add.count; k++)
        fill(add.row[k], add.length, seed);
    struct kernel_winograd k = {pointers,
                                channels,
                                out_blocks,
                                u,
                                store,
                                store_at(variant, store + out_blocks * L),
                                variant == 0 ? NULL : (const float *const *)add.row,
                                out.row,
                                tiles,
                                mem_alloc(kernel_winograd_scratch(channels), sizeof(float))};
    set->winograd(&k);
    for (int i = 0; i < outs * tiles; i++) {
        int o = i % outs, tile = i / outs;
        double magnitude[4][4];
        tile_magnitudes(&k, tile, o, magnitude);
        for (int n = 0; n < 16; n++) {
            int y = n / 4, x = 4 * tile + n % 4, row = y * out_blocks + o / L, at = x * L + o % L;
            const float *a = k.add ? &add.row[row][at] : NULL;
            double sum =
                direct_3x3(pointers, blocks, w + (size_t)(o * channels) * 9, channels, y, x);
            sum += (double)store[o];
            within(out.row[row][at], stored(&k.store, o, sum, a),
                   magnitude[y][n % 4] + fabs((double)store[o]) + (a ? fabs((double)*a) : 0),
                   15 + channels, set->name);
        }
    }
    if (set->fused) {
        k.out = want.row;
        kernels_plain.winograd(&k);
        same_bits(&out, &want, out.length, set->name);
    }
    mem_free(k.scratch);
    rows_free(&add, "nobody");
    rows_free(&want, "plain");
    rows_free(&out, set->name);
    mem_free(store);
    mem_free(u);
    mem_free(w);
    for (int i = 0; i < 6 * blocks; i++)
        fenced_free(&in[i]);
    free(in);
    free(pointers);
}

static void all_winograds(const struct kernels *set, uint64_t *seed)
{
    for (int tiles = 1; tiles <= 33; tiles++)
        try_winograd(set, 16, 16, tiles, tiles % STORES, seed);
    for (int channels = 1; channels <= 40; channels += 3)
        try_winograd(set, channels, 1 + channels * 7 % 40, 1 + channels % 17, channels % STORES,
                     seed);
    for (int tiles = 1; tiles <= 29; tiles++) /* two groups of 14, and pairs of blocks */
        try_winograd(set, 21, 33, tiles, tiles % STORES, seed);
    try_winograd(set, 128, 20, 3, 1, seed);
}

START_TEST(winograd_is_within_its_transforms_rounding)
{
    each_set(all_winograds);
}
END_TEST

static void try_planes(const struct kernels *set, int channels, int kernel, int outs, int width,
                       int variant, uint64_t *seed)
{
    bool interleave = outs == FEW && variant % 2 == 1;
    int rows = channels * kernel, padded = (width + L - 1) / L * L;
    struct fenced *in = calloc((size_t)rows, sizeof *in);
    const float **pointers = calloc((size_t)rows, sizeof *pointers);
    for (int i = 0; i < rows; i++) {
        in[i] = fenced_new((size_t)(padded + kernel - 1), seed);
        pointers[i] = in[i].data;
    }
    size_t weights = (size_t)(rows * kernel * FEW);
    float *w = mem_alloc(weights + 2 * FEW, sizeof *w);
    fill(w, weights + 2 * FEW, seed);
    int out_rows = interleave ? 2 : outs;
    struct rows out = rows_new(out_rows, (size_t)(padded * (interleave ? 2 : 1)));
    struct rows want = rows_new(out_rows, out.length), add = rows_new(out_rows, out.length);
    for (int k = 0; k < out_rows; k++)
        fill(add.row[k], add.length, seed);
    struct kernel_planes k = {pointers,
                              channels,
                              kernel,
                              kernel,
                              outs,
                              w,
                              w + weights,
                              store_at(variant, w + weights + FEW),
                              variant == 0 ? NULL : (const float *const *)add.row,
                              out.row,
                              interleave,
                              width};
    set->planes(&k);
    for (int o = 0; o < outs; o++)
        for (int x = 0; x < width; x++) {
            double sum = (double)k.bias[o], magnitude = fabs(sum);
            for (int i = 0; i < rows * kernel; i++) {
                double term = (double)pointers[i / kernel][x + i % kernel] * (double)w[i * FEW + o];
                sum += term;
                magnitude += fabs(term);
            }
            int row = interleave ? o / 2 : o, at = interleave ? 2 * x + o % 2 : x;
            const float *a = k.add ? &add.row[row][at] : NULL;
            within(out.row[row][at], stored(&k.store, o, sum, a),
                   magnitude + (a ? fabs((double)*a) : 0), rows * kernel + 2, set->name);
        }
    if (set->fused) {
        k.out = want.row;
        kernels_plain.planes(&k);
        same_bits(&out, &want, (size_t)(width * (interleave ? 2 : 1)), set->name);
    }
    rows_free(&add, "nobody");
    rows_free(&want, "plain");
    rows_free(&out, set->name);
    mem_free(w);
    for (int i = 0; i < rows; i++)
        fenced_free(&in[i]);
    free(pointers);
    free(in);
}

static void all_planes(const struct kernels *set, uint64_t *seed)
{
    for (int width = 1; width <= WIDEST; width++)
        try_planes(set, 1 + width % 5, 1 + width % 5, 1 + width % FEW, width, width % STORES, seed);
    for (int width = 1; width <= WIDEST; width++)
        try_planes(set, 24, 2, 1 + width % FEW, width, width % STORES, seed);
    for (int variant = 0; variant < STORES; variant++)
        try_planes(set, 16, 3, FEW, 83, variant, seed);
    try_planes(set, 512, 1, 3, 20, 1, seed);
}

START_TEST(planes_are_within_float_rounding)
{
    each_set(all_planes);
}
END_TEST

static void all_unblocks(const struct kernels *set, uint64_t *seed)
{
    for (int width = 1; width <= 40; width++) {
        int channels = 1 + width % L, padded = (width + L - 1) / L * L;
        struct fenced in = fenced_new((size_t)(padded * L), seed);
        struct rows out = rows_new(channels, (size_t)padded);
        set->unblock(in.data, out.row, channels, width);
        for (int c = 0; c < channels; c++)
            for (int x = 0; x < width; x++)
                ck_assert_int_eq(memcmp(&out.row[c][x], &in.data[x * L + c], sizeof(float)), 0);
        rows_free(&out, set->name);
        fenced_free(&in);
    }
}

START_TEST(unblocking_moves_every_sample_to_its_plane)
{
    each_set(all_unblocks);
}
END_TEST

/* Kernels that are slightly wrong: one channel too few, and products that are rounded. */
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

START_TEST(wrong_kernels_are_caught)
{
    static const struct kernels wrongs[] = {
        {.name = "lazy", .conv_blocked = lazy_conv},
        {.name = "rounded", .fused = true, .conv_blocked = rounded_conv},
    };
    for (int k = 0; k < 2; k++) {
        int count = 0;
        uint64_t seed = 3;
        caught = &count;
        try_conv(&wrongs[k], &(struct conv_case){56, 1, 1, false}, 9, 0, &seed);
        caught = NULL;
        ck_assert_int_gt(count, 20);
    }
}
END_TEST

/* A Winograd kernel whose first weight is off by a thousandth. */
START_TEST(a_wrong_winograd_is_caught)
{
    int count = 0;
    uint64_t seed = 4;
    caught = &count;
    spoil = 1e-3f;
    try_winograd(kernels_find("c"), 16, 16, 5, 0, &seed);
    spoil = 0;
    caught = NULL;
    ck_assert_int_eq(count, 5); /* only the first sample of a tile depends on that point */
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
    tcase_add_test(c, winograd_is_within_its_transforms_rounding);
    tcase_add_test(c, planes_are_within_float_rounding);
    tcase_add_test(c, unblocking_moves_every_sample_to_its_plane);
    tcase_add_test(c, wrong_kernels_are_caught);
    tcase_add_test(c, a_wrong_winograd_is_caught);
    tcase_add_test(c, sets_are_found_by_name);
    suite_add_tcase(s, c);
    return harness_run(s);
}
