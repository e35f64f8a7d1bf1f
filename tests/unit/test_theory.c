/* test_theory.c - the several definitions of a transposed convolution agree (Dumoulin, Visin 2016,
 * "A guide to convolution arithmetic for deep learning"). */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/base/mem.h"
#include "engine/nn/plan.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_nets.h"
#include "tests/lib/nn_plan.h"
#include "tests/lib/nn_run.h"

enum { SETS = 150 };

/* One random transposed convolution, run on one random input. */
struct trial {
    struct model *m;
    struct conv_params *c;
    struct ran in, *out;
};

static size_t count_of(struct shape s)
{
    return (size_t)s.width * (size_t)s.height * (size_t)s.channels;
}

static struct ran samples_of(int width, int height, int channels, uint64_t *seed)
{
    struct ran r = {.shape = {width, height, channels}};
    r.data = build_samples(count_of(r.shape), seed);
    return r;
}

/* Returns the next set of parameters that is legal and makes an output. */
static struct trial trial_new(uint64_t *seed)
{
    for (;;) {
        struct trial t = {.m = build_model(COLOR_Y, 2, BORDER_REPLICATE)};
        int channels = harness_between(seed, 1, 4);
        t.c = &random_layer(t.m, LAYER_CONV_TRANSPOSE2D, channels, seed)->conv;
        t.in = samples_of(harness_between(seed, 1, 9), harness_between(seed, 1, 9), channels, seed);
        struct err e = ERR_INIT;
        if (run_check(t.m, channels, &e) == ERR_OK)
            t.out = run_model(t.m, t.in.data, t.in.shape.width, t.in.shape.height, channels);
        if (t.out)
            return t;
        mem_free(t.in.data);
        model_free(t.m);
    }
}

static void trial_free(struct trial *t)
{
    mem_free(t->in.data);
    ran_free(t->out);
    model_free(t->m);
}

static void near(double a, double b, double bound)
{
    if (!(fabs(a - b) <= bound))
        ck_abort_msg("%.9g and %.9g differ by more than %.3g", a, b, bound);
}

static int size_law(int n, struct conv_params *c, bool x)
{
    return x ? (n - 1) * c->stride.x - 2 * c->padding.x + c->dilation.x * (c->kernel_size.x - 1) +
                   c->output_padding.x + 1
             : (n - 1) * c->stride.y - 2 * c->padding.y + c->dilation.y * (c->kernel_size.y - 1) +
                   c->output_padding.y + 1;
}

START_TEST(output_size_follows_the_law)
{
    uint64_t seed = 1;
    for (int k = 0; k < SETS; k++) {
        struct trial t = trial_new(&seed);
        ck_assert_int_eq(t.out->shape.width, size_law(t.in.shape.width, t.c, true));
        ck_assert_int_eq(t.out->shape.height, size_law(t.in.shape.height, t.c, false));
        trial_free(&t);
    }
}
END_TEST

/* Inserts zeros between the samples, and around them as many as the kernel reaches less the
 * padding. If that is negative, it removes samples. */
static struct ran insert_zeros(const struct trial *t)
{
    struct conv_params *c = t->c;
    int top = c->dilation.y * (c->kernel_size.y - 1) - c->padding.y;
    int left = c->dilation.x * (c->kernel_size.x - 1) - c->padding.x;
    struct ran z = {.shape = {t->out->shape.width + c->dilation.x * (c->kernel_size.x - 1),
                              t->out->shape.height + c->dilation.y * (c->kernel_size.y - 1),
                              t->in.shape.channels}};
    z.data = mem_calloc(count_of(z.shape), sizeof *z.data);
    for (int y = 0; y < t->in.shape.height; y++)
        for (int x = 0; x < t->in.shape.width; x++) {
            int zy = y * c->stride.y + top, zx = x * c->stride.x + left;
            if (zy >= 0 && zy < z.shape.height && zx >= 0 && zx < z.shape.width)
                memcpy(z.data + (zy * z.shape.width + zx) * z.shape.channels,
                       t->in.data + (y * t->in.shape.width + x) * z.shape.channels,
                       (size_t)z.shape.channels * sizeof *z.data);
        }
    return z;
}

/* Makes the weights of the ordinary convolution: the axes of channels are swapped within a group,
 * and the kernel is rotated by a half turn. */
static void flip(const struct conv_params *c, struct conv_params *to)
{
    int taps = c->kernel_size.y * c->kernel_size.x;
    int ins = c->in_channels / c->groups, outs = c->out_channels / c->groups;
    to->weight = mem_alloc((size_t)(c->out_channels * ins * taps), sizeof *to->weight);
    for (int o = 0; o < c->out_channels; o++)
        for (int i = 0; i < ins; i++)
            for (int k = 0; k < taps; k++)
                to->weight[(o * ins + i) * taps + k] =
                    c->weight[((o / outs * ins + i) * outs + o % outs) * taps + taps - 1 - k];
}

START_TEST(is_zero_insertion_and_the_flipped_kernel)
{
    uint64_t seed = 2;
    for (int k = 0; k < SETS; k++) {
        struct trial t = trial_new(&seed);
        struct ran z = insert_zeros(&t);
        struct layer *l =
            build_conv(t.m, LAYER_CONV2D, t.c->in_channels, t.c->out_channels, 1, 1, 0);
        l->conv.groups = t.c->groups;
        l->conv.kernel_size = t.c->kernel_size;
        l->conv.dilation = t.c->dilation;
        l->conv.bias = t.c->bias;
        flip(t.c, &l->conv);
        struct ran *other = run_layer(l, &z, 1, t.out->shape);
        int terms = t.c->in_channels * t.c->kernel_size.y * t.c->kernel_size.x;
        for (size_t n = 0; n < count_of(t.out->shape); n++) /* all samples and weights are <= 1 */
            near((double)t.out->data[n], (double)other->data[n],
                 2.0 * (terms + 3) * (double)FLT_EPSILON * (terms + 1));
        ran_free(other);
        l->conv.bias = NULL; /* the bias is borrowed */
        mem_free(z.data);
        trial_free(&t);
    }
}
END_TEST

/* Returns the matrix C of the ordinary convolution that maps pictures of t->out's shape to t->in's.
 * Rows are samples of the small picture, and columns those of the large one. */
static double *matrix(const struct trial *t)
{
    const struct conv_params *c = t->c;
    struct shape small = t->in.shape, large = t->out->shape;
    int ins = c->in_channels / c->groups, outs = c->out_channels / c->groups;
    size_t columns = count_of(large);
    double *C = calloc(count_of(small) * columns, sizeof *C);
    for (size_t row = 0; row < count_of(small); row++) {
        int i = (int)row % small.channels, x = (int)row / small.channels % small.width;
        int y = (int)row / small.channels / small.width;
        for (int ky = 0; ky < c->kernel_size.y; ky++)
            for (int kx = 0; kx < c->kernel_size.x; kx++) {
                int ly = y * c->stride.y - c->padding.y + ky * c->dilation.y;
                int lx = x * c->stride.x - c->padding.x + kx * c->dilation.x;
                if (ly < 0 || ly >= large.height || lx < 0 || lx >= large.width)
                    continue;
                for (int o = 0; o < outs; o++)
                    C[row * columns +
                      (size_t)((ly * large.width + lx) * large.channels + i / ins * outs + o)] =
                        (double)
                            c->weight[((i * outs + o) * c->kernel_size.y + ky) * c->kernel_size.x +
                                      kx];
            }
    }
    return C;
}

START_TEST(is_the_transposed_matrix)
{
    uint64_t seed = 3;
    for (int k = 0; k < SETS; k++) {
        struct trial t = trial_new(&seed);
        double *C = matrix(&t);
        size_t rows = count_of(t.in.shape), columns = count_of(t.out->shape);
        for (size_t n = 0; n < columns; n++) {
            double bias = t.c->bias ? (double)t.c->bias[n % (size_t)t.c->out_channels] : 0;
            double sum = bias, magnitude = fabs(bias);
            int terms = 1;
            for (size_t r = 0; r < rows; r++) {
                double product = C[r * columns + n] * (double)t.in.data[r];
                sum += product;
                magnitude += fabs(product);
                terms += fabs(product) > 0;
            }
            near((double)t.out->data[n], sum, (terms + 2) * (double)FLT_EPSILON * magnitude);
        }
        free(C);
        trial_free(&t);
    }
}
END_TEST

/* <C x, y> = <x, C^T y>, if conv2d computes C x and conv_transpose2d computes C^T y with the same
 * weights. */
START_TEST(is_the_adjoint_of_conv2d)
{
    uint64_t seed = 4;
    for (int k = 0; k < SETS; k++) {
        struct trial t = trial_new(&seed);
        mem_free(t.c->bias);
        t.c->bias = NULL;
        struct ran *up = run_layer(&t.m->layers[0], &t.in, 1, t.out->shape);
        struct layer l = t.m->layers[0]; /* borrows the weights: [in][out / groups] is C's order */
        l.kind = LAYER_CONV2D;
        l.conv.in_channels = t.c->out_channels;
        l.conv.out_channels = t.c->in_channels;
        struct ran x = samples_of(up->shape.width, up->shape.height, up->shape.channels, &seed);
        struct ran *down = run_layer(&l, &x, 1, t.in.shape);
        double left = 0, right = 0, magnitude = 0;
        for (size_t n = 0; n < count_of(t.in.shape); n++)
            left += (double)down->data[n] * (double)t.in.data[n];
        for (size_t n = 0; n < count_of(up->shape); n++)
            right += (double)up->data[n] * (double)x.data[n];
        int taps = t.c->kernel_size.y * t.c->kernel_size.x;
        int terms = taps * (t.c->in_channels + t.c->out_channels);
        magnitude = (double)count_of(t.in.shape) * taps * t.c->out_channels; /* all are <= 1 */
        near(left, right, 2 * (terms + 2) * (double)FLT_EPSILON * magnitude);
        ran_free(down);
        mem_free(x.data);
        ran_free(up);
        trial_free(&t);
    }
}
END_TEST

/* Output phase (i, j) is the transposed convolution of stride 1 by the taps w[i::s][j::s]. */
START_TEST(falls_apart_into_phases)
{
    enum { S = 2, K = 5, N = 6 };
    uint64_t seed = 5;
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    struct layer *l = build_conv(m, LAYER_CONV_TRANSPOSE2D, 3, 2, K, S, 0);
    build_weights(l, true, &seed);
    struct ran in = samples_of(N, N, 3, &seed);
    struct shape shape = {(N - 1) * S + K, (N - 1) * S + K, 2};
    struct ran *out = run_layer(l, &in, 1, shape);
    for (int i = 0; i < S; i++)
        for (int j = 0; j < S; j++) {
            int ky = (K - i + S - 1) / S, kx = (K - j + S - 1) / S;
            float weight[3 * 2 * K * K];
            struct layer part = *l;
            part.conv.kernel_size = (struct pair){ky, kx};
            part.conv.stride = (struct pair){1, 1};
            part.conv.weight = weight;
            for (int n = 0; n < 6 * ky * kx; n++)
                weight[n] =
                    l->conv.weight[(n / (ky * kx) * K + n / kx % ky * S + i) * K + n % kx * S + j];
            struct shape phase = {N - 1 + kx, N - 1 + ky, 2};
            struct ran *piece = run_layer(&part, &in, 1, phase);
            for (size_t n = 0; n < count_of(phase); n++) {
                int y = (int)n / 2 / phase.width * S + i, x = (int)n / 2 % phase.width * S + j;
                ck_assert_float_eq(piece->data[n],
                                   out->data[(y * shape.width + x) * 2 + (int)n % 2]);
            }
            ran_free(piece);
        }
    ran_free(out);
    mem_free(in.data);
    model_free(m);
}
END_TEST

/* ConvTranspose2d(2048, 256, 4, stride=2, padding=1, bias=False). */
START_TEST(wide_layer_doubles_its_input)
{
    uint64_t seed = 6;
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    struct layer *l = build_conv(m, LAYER_CONV_TRANSPOSE2D, 2048, 256, 4, 2, 1);
    build_weights(l, false, &seed);
    struct err e = ERR_INIT;
    ck_assert_int_eq(run_check(m, 2048, &e), ERR_OK);
    float *in = build_samples(3 * 2 * 2048, &seed);
    struct ran *out = run_model(m, in, 3, 2, 2048);
    ck_assert_int_eq(out->shape.width, 6);
    ck_assert_int_eq(out->shape.height, 4);
    ck_assert_int_eq(out->shape.channels, 256);
    for (int o = 0; o < 256;
         o += 51) { /* output (0, 0) depends on input (0, 0) by the tap (1, 1) alone */
        double sum = 0, magnitude = 0;
        for (int i = 0; i < 2048; i++) {
            double product = (double)in[i] * (double)l->conv.weight[(i * 256 + o) * 16 + 5];
            sum += product;
            magnitude += fabs(product);
        }
        near((double)out->data[o], sum, 2050 * (double)FLT_EPSILON * magnitude);
    }
    ran_free(out);
    mem_free(in);
    model_free(m);
}
END_TEST

/* The layer runs between 1x1 convolutions 3 -> 2048 and 256 -> 3, in windows of 32x32. It has 34 MB
 * of weights, as much again when they are packed, and 8 + 4 MiB of buffers. */
START_TEST(wide_model_runs_in_stated_memory)
{
    struct err e = ERR_INIT;
    const struct net *wide = net_find("wide");
    struct model *m = net_new(wide, BORDER_REPLICATE, 8);
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    struct plan *p = NULL;
    size_t bytes;
    ck_assert_int_eq(plan_new(m, NULL, &p, &e), ERR_OK);
    ck_assert_int_eq(plan_scratch_bytes(p, 58, 58, &bytes, &e), ERR_OK); /* windows of 32x32 */
    ck_assert_uint_le(bytes, (13u << 20));
    uint64_t seed = 9;
    float *in = build_samples(6 * 6 * 3, &seed);
    struct test_picture picture = {in, 6, 6, 3, {-1, -1}};
    float *out = run_plan(p, &picture, (struct plan_rect){0, 0, 8, 8}, false);
    struct ran *want = run_model(m, in, 6, 6, 3);
    for (int y = 0; y < 8; y++)
        ck_assert_int_eq(
            memcmp(out + y * 8 * 3, want->data + ((y + 2) * 12 + 2) * 3, 8 * 3 * sizeof *out), 0);
    ran_free(want);
    mem_free(out);
    mem_free(in);
    plan_free(p);
    model_free(m);
    struct rusage usage; /* of this test's process, with the layers run one by one */
    getrusage(RUSAGE_SELF, &usage);
    if (!HARNESS_SANITIZED)
        ck_assert_int_le(usage.ru_maxrss, 130L << 10);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("theory");
    TCase *c = tcase_create("theory");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, output_size_follows_the_law);
    tcase_add_test(c, is_zero_insertion_and_the_flipped_kernel);
    tcase_add_test(c, is_the_transposed_matrix);
    tcase_add_test(c, is_the_adjoint_of_conv2d);
    tcase_add_test(c, falls_apart_into_phases);
    tcase_add_test(c, wide_layer_doubles_its_input);
    tcase_add_test(c, wide_model_runs_in_stated_memory);
    if (HARNESS_SANITIZED)
        harness_left_out(0, "the memory of a wide model", "sanitizers keep memory");
    suite_add_tcase(s, c);
    return harness_run(s);
}
