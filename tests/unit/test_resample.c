/* test_resample.c - compares resampling with its definition in double arithmetic. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/image/resample.h"
#include "tests/lib/harness.h"

enum { FILTERS = RESAMPLE_AREA + 1 };

static double kernel(enum resample_filter filter, double x)
{
    const double pi = 3.14159265358979323846;
    x = fabs(x);
    switch (filter) {
    case RESAMPLE_BILINEAR:
        return x < 1 ? 1 - x : 0;
    case RESAMPLE_BICUBIC:
        return x < 1   ? 1.5 * x * x * x - 2.5 * x * x + 1
               : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2
                       : 0;
    default:
        return x == 0 ? 1 : x < 3 ? 3 * sin(pi * x) * sin(pi * x / 3) / (pi * pi * x * x) : 0;
    }
}

/* Computes the share of sample j in output i, before normalisation. */
static double share(enum resample_filter filter, int in, int out, int i, int j)
{
    double ratio = (double)in / out, centre = (i + 0.5) * ratio - 0.5;
    if (filter == RESAMPLE_NEAREST)
        return j == (int)floor((i + 0.5) * ratio);
    if (filter == RESAMPLE_AREA) {
        double overlap = fmin(j + 1, (i + 1) * ratio) - fmax(j, i * ratio);
        return overlap > 1e-9 ? overlap : 0;
    }
    return kernel(filter, (j - centre) / fmax(ratio, 1));
}

/* Computes one output along one axis by the definition, and the sum of |terms| for the bound. */
static double direct(enum resample_filter filter, int in, int out, int i, const double *src,
                     double *size)
{
    double sum = 0, weights = 0;
    *size = 0;
    for (int j = -4 * in - 8; j < 5 * in + 8; j++) {
        double w = share(filter, in, out, i, j), v = src[j < 0 ? 0 : j >= in ? in - 1 : j];
        sum += w * v;
        weights += w;
        *size += fabs(w * v);
    }
    *size /= fabs(weights);
    return sum / weights;
}

static struct resample_axis *axis(enum resample_filter filter, int in, int out)
{
    struct err e = ERR_INIT;
    struct resample_axis *a = NULL;
    ck_assert_int_eq(resample_axis_new(filter, in, out, &a, &e), ERR_OK);
    return a;
}

static int clamp(int i, int least, int most)
{
    return i < least ? least : i > most ? most : i;
}

/* Resamples from the part `in` of a plane that repeats its edge. It passes exactly the samples that
 * resample_axis_reach finds, in a block of that size, so that a sanitizer sees any other read. */
static void run(const struct resample_axis *x, const struct resample_axis *y, const float *src,
                struct resample_area in, float *dst, struct resample_area out)
{
    int x0, x1, y0, y1;
    resample_axis_reach(x, out.x, out.x + out.width, &x0, &x1);
    resample_axis_reach(y, out.y, out.y + out.height, &y0, &y1);
    struct resample_area wide = {x0, y0, x1 - x0, y1 - y0};
    float *scratch = mem_alloc(resample_scratch(wide, out), sizeof *scratch);
    float *samples = malloc(sizeof *samples * (size_t)wide.width * (size_t)wide.height);
    ck_assert(scratch && samples);
    for (int r = 0; r < wide.height; r++)
        for (int c = 0; c < wide.width; c++)
            samples[r * wide.width + c] = src[(clamp(y0 + r, 0, y->in - 1) - in.y) * in.width +
                                              clamp(x0 + c, 0, x->in - 1) - in.x];
    resample_run(x, y, (struct resample_part){samples, wide}, (struct resample_part){dst, out},
                 scratch);
    free(samples);
    mem_free(scratch);
}

/* The bound is for as many products and sums of float as there are taps, and as many weights
 * rounded to float. */
START_TEST(one_axis_is_its_definition)
{
    enum resample_filter filter = (enum resample_filter)_i;
    uint64_t seed = 7;
    for (int in = 1; in <= 24; in++)
        for (int out = 1; out <= 24; out++) {
            float src[24], dst[24];
            double exact[24];
            for (int i = 0; i < in; i++)
                exact[i] = src[i] = harness_float(&seed);
            struct resample_axis *a = axis(filter, in, out), *one = axis(filter, 1, 1);
            run(a, one, src, (struct resample_area){0, 0, in, 1}, dst,
                (struct resample_area){0, 0, out, 1});
            for (int i = 0; i < out; i++) {
                double size, want = direct(filter, in, out, i, exact, &size);
                ck_assert_double_eq_tol(dst[i], want, (a->taps + 4) * 1.2e-7 * size + 1e-9);
            }
            /* downwards it is the same, to the bit apart from the pass of one tap */
            float down[24];
            run(one, a, src, (struct resample_area){0, 0, 1, in}, down,
                (struct resample_area){0, 0, 1, out});
            ck_assert_int_eq(memcmp(down, dst, (size_t)out * sizeof *dst), 0);
            resample_axis_free(a);
            resample_axis_free(one);
        }
}
END_TEST

START_TEST(a_constant_stays_constant)
{
    enum resample_filter filter = (enum resample_filter)_i;
    const int sizes[][2] = {{5, 10}, {10, 5}, {7, 13}, {13, 3}, {1, 9}, {100, 1}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct resample_axis *a = axis(filter, sizes[k][0], sizes[k][1]);
        for (int i = 0; i < a->out; i++) {
            double sum = 0;
            for (int t = 0; t < a->taps; t++)
                sum += a->weight[i * a->taps + t];
            ck_assert_double_eq_tol(sum, 1, a->taps * 6e-8);
        }
        resample_axis_free(a);
    }
}
END_TEST

START_TEST(areas_do_not_matter_to_the_bit)
{
    enum resample_filter filter = (enum resample_filter)_i;
    enum { IN_W = 23, IN_H = 19, OUT_W = 41, OUT_H = 11 };
    uint64_t seed = 9;
    float src[IN_H][IN_W], whole[OUT_H][OUT_W];
    for (int i = 0; i < IN_W * IN_H; i++)
        src[i / IN_W][i % IN_W] = harness_float(&seed);
    struct resample_axis *x = axis(filter, IN_W, OUT_W), *y = axis(filter, IN_H, OUT_H);
    run(x, y, src[0], (struct resample_area){0, 0, IN_W, IN_H}, whole[0],
        (struct resample_area){0, 0, OUT_W, OUT_H});
    for (int n = 0; n < 500; n++) {
        struct resample_area out = {harness_between(&seed, 0, OUT_W - 1),
                                    harness_between(&seed, 0, OUT_H - 1), 0, 0};
        out.width = harness_between(&seed, 1, OUT_W - out.x);
        out.height = harness_between(&seed, 1, OUT_H - out.y);
        int x0, x1, y0, y1;
        resample_axis_reach(x, out.x, out.x + out.width, &x0, &x1);
        resample_axis_reach(y, out.y, out.y + out.height, &y0, &y1);
        ck_assert(x0 < x1 && y0 < y1);
        x0 = clamp(x0, 0, IN_W - 1), x1 = clamp(x1, 1, IN_W);
        y0 = clamp(y0, 0, IN_H - 1), y1 = clamp(y1, 1, IN_H);
        struct resample_area in = {x0, y0, x1 - x0, y1 - y0};
        float *part = malloc(sizeof *part * (size_t)in.width * (size_t)in.height);
        float *got = malloc(sizeof *got * (size_t)out.width * (size_t)out.height);
        for (int r = 0; r < in.height; r++)
            memcpy(part + r * in.width, src[y0 + r] + x0, sizeof *part * (size_t)in.width);
        run(x, y, part, in, got, out);
        for (int r = 0; r < out.height; r++)
            ck_assert_int_eq(memcmp(got + r * out.width, whole[out.y + r] + out.x,
                                    sizeof *got * (size_t)out.width),
                             0);
        free(part);
        free(got);
    }
    resample_axis_free(x);
    resample_axis_free(y);
}
END_TEST

START_TEST(centres_are_half_pixels)
{
    /* Twice as wide, bilinear: quarters from each side, and the edge repeats. */
    const float src[2] = {0, 1}, want[4] = {0, 0.25f, 0.75f, 1};
    float dst[4];
    struct resample_axis *a = axis(RESAMPLE_BILINEAR, 2, 4), *one = axis(RESAMPLE_NEAREST, 1, 1);
    run(a, one, src, (struct resample_area){0, 0, 2, 1}, dst, (struct resample_area){0, 0, 4, 1});
    for (int i = 0; i < 4; i++)
        ck_assert(dst[i] == want[i]);
    resample_axis_free(a);
    resample_axis_free(one);
    a = axis(RESAMPLE_NEAREST, 3, 6);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(a->first[i], i / 2);
    resample_axis_free(a);
}
END_TEST

START_TEST(stripes_shrink_to_gray)
{
    float src[96], dst[12];
    for (int i = 0; i < 96; i++)
        src[i] = (float)(i % 2);
    for (int filter = RESAMPLE_BILINEAR; filter < FILTERS; filter++) {
        struct resample_axis *a = axis((enum resample_filter)filter, 96, 12),
                             *one = axis(RESAMPLE_NEAREST, 1, 1);
        run(a, one, src, (struct resample_area){0, 0, 96, 1}, dst,
            (struct resample_area){0, 0, 12, 1});
        for (int i = 3; i < 9; i++)
            ck_assert_float_eq_tol(dst[i], 0.5f, 0.01f);
        resample_axis_free(a);
        resample_axis_free(one);
    }
}
END_TEST

START_TEST(wide_axes_do_not_drift)
{
    int in = 1 << 20, out = (1 << 21) + 2;
    struct resample_axis *a = axis(RESAMPLE_BICUBIC, in, out);
    double ratio = (double)in / out;
    for (int i = 0; i < out; i++) { /* the tap nearest the centre weighs most */
        double centre = (i + 0.5) * ratio - 0.5;
        ck_assert_int_eq(a->first[i], (int)floor(centre - 2) + 1);
    }
    resample_axis_free(a);
}
END_TEST

START_TEST(failed_allocations_are_told)
{
    for (long n = 0;; n++) {
        struct err e = ERR_INIT;
        struct resample_axis *a = NULL;
        mem_fail_nth(n);
        enum err_code rc = resample_axis_new(RESAMPLE_LANCZOS, 9, 5, &a, &e);
        mem_fail_nth(-1);
        resample_axis_free(a);
        if (rc == ERR_OK)
            break;
        ck_assert_int_eq(rc, ERR_MEMORY);
        ck_assert_ptr_null(a);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("resample");
    TCase *c = tcase_create("resample");
    tcase_add_loop_test(c, one_axis_is_its_definition, 0, FILTERS);
    tcase_add_loop_test(c, a_constant_stays_constant, 0, FILTERS);
    tcase_add_loop_test(c, areas_do_not_matter_to_the_bit, 0, FILTERS);
    tcase_add_test(c, centres_are_half_pixels);
    tcase_add_test(c, stripes_shrink_to_gray);
    tcase_add_test(c, wide_axes_do_not_drift);
    tcase_add_test(c, failed_allocations_are_told);
    suite_add_tcase(s, c);
    return harness_run(s);
}
