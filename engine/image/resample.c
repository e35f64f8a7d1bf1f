/* resample.c - see resample.h.
 *
 * Positions are exact fractions until the kernel is evaluated, so that a table does not drift over
 * a wide picture. */
#include "engine/image/resample.h"

#include <limits.h>
#include <math.h>
#include <stdint.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/image/row_kernels.h"

static double triangle(double x)
{
    return x < 1 ? 1 - x : 0;
}

/* Keys, 1981, "Cubic convolution interpolation for digital image processing", with a = -1/2. */
static double keys(double x)
{
    if (x < 1)
        return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

static double sinc(double x)
{
    const double pi = 3.14159265358979323846;
    return x == 0 ? 1 : sin(pi * x) / (pi * x);
}

static double lanczos3(double x)
{
    return x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

/* kernel(x) is for x >= 0. Two filters have none: tap and weight follow from the pixels' areas. */
static const struct {
    double radius;
    double (*kernel)(double x);
} filters[] = {
    [RESAMPLE_NEAREST] = {0, NULL}, [RESAMPLE_BILINEAR] = {1, triangle},
    [RESAMPLE_BICUBIC] = {2, keys}, [RESAMPLE_LANCZOS] = {3, lanczos3},
    [RESAMPLE_AREA] = {0, NULL},
};

static double max_double(double a, double b)
{
    return a > b ? a : b;
}

/* Returns how many taps an output needs: as many as integers fit in the kernel's open interval. */
static double tap_count(enum resample_filter filter, int in, int out)
{
    double ratio = (double)in / out;
    if (filter == RESAMPLE_NEAREST)
        return 1;
    if (filter == RESAMPLE_AREA)
        return ceil(ratio) + 1;
    return ceil(2 * filters[filter].radius * max_double(ratio, 1));
}

/* Computes how much of each sample output i covers. In the same unit, sample j covers
 * out*j..out*(j+1), and output i covers in*i..in*(i+1). */
static void area_taps(const struct resample_axis *a, int i, double *weight)
{
    int64_t from = (int64_t)i * a->in, to = from + a->in;
    for (int t = 0; t < a->taps; t++) {
        int64_t left = ((int64_t)a->first[i] + t) * a->out, right = left + a->out;
        left = left > from ? left : from;
        right = right < to ? right : to;
        weight[t] = right > left ? (double)(right - left) : 0;
    }
}

static double centre_of(int in, int out, int i)
{
    /* (2i + 1) in < 2^63 for sides below 2^31 */
    return (double)((2 * (int64_t)i + 1) * in - out) / (2.0 * out);
}

/* Returns the first sample that output i reads. */
static int first_tap(enum resample_filter filter, int in, int out, int i)
{
    double support = filters[filter].radius * max_double((double)in / out, 1);
    if (filter == RESAMPLE_NEAREST)
        return (int)((2 * (int64_t)i + 1) * in / (2 * (int64_t)out));
    if (filter == RESAMPLE_AREA)
        return (int)((int64_t)i * in / out);
    return (int)(floor(centre_of(in, out, i) - support) + 1);
}

static void kernel_taps(const struct resample_axis *a, enum resample_filter filter, int i,
                        double *weight)
{
    double widen = max_double((double)a->in / a->out, 1), centre = centre_of(a->in, a->out, i);
    for (int t = 0; t < a->taps; t++)
        weight[t] = filters[filter].kernel(fabs(a->first[i] + t - centre) / widen);
}

static void fill(struct resample_axis *a, enum resample_filter filter, double *weight)
{
    for (int i = 0; i < a->out; i++) {
        float *w = a->weight + (size_t)i * (size_t)a->taps;
        a->first[i] = first_tap(filter, a->in, a->out, i);
        if (filter == RESAMPLE_NEAREST) {
            w[0] = 1;
            continue;
        }
        if (filter == RESAMPLE_AREA)
            area_taps(a, i, weight);
        else
            kernel_taps(a, filter, i, weight);
        double sum = 0;
        for (int t = 0; t < a->taps; t++)
            sum += weight[t];
        for (int t = 0; t < a->taps; t++)
            w[t] = (float)(weight[t] / sum);
    }
}

enum err_code resample_axis_new(enum resample_filter filter, int in, int out,
                                struct resample_axis **axis, struct err *e)
{
    enum err_code rc = ERR_OK;
    size_t weights;
    double *weight = NULL;
    double taps = tap_count(filter, in, out);
    struct resample_axis *a = mem_alloc(1, sizeof *a);
    if (a)
        *a = (struct resample_axis){.in = in, .out = out};
    if (a && taps < INT_MAX) {
        a->taps = (int)taps;
        a->first = mem_alloc((size_t)out, sizeof *a->first);
        if (size_mul((size_t)out, (size_t)a->taps, &weights))
            a->weight = mem_alloc(weights, sizeof *a->weight);
        weight = mem_alloc((size_t)a->taps, sizeof *weight);
    }
    if (!a || !a->first || !a->weight || !weight) {
        rc = err_set(e, ERR_MEMORY, "out of memory to resample %d to %d pixels", in, out);
        goto done;
    }
    fill(a, filter, weight);
    *axis = a;
    a = NULL;
done:
    mem_free(weight);
    resample_axis_free(a);
    return rc;
}

size_t resample_axis_bytes(enum resample_filter filter, int in, int out)
{
    size_t taps = (size_t)tap_count(filter, in, out);
    return (size_t)out * (sizeof(int) + taps * sizeof(float)) + taps * sizeof(double) +
           sizeof(struct resample_axis) + (size_t)4 * MEM_SLACK;
}

void resample_axis_free(struct resample_axis *axis)
{
    if (!axis)
        return;
    mem_free(axis->first);
    mem_free(axis->weight);
    mem_free(axis);
}

void resample_axis_reach(const struct resample_axis *axis, int from, int to, int *first, int *last)
{
    *first = axis->first[from];
    *last = axis->first[to - 1] + axis->taps;
}

void resample_reach(enum resample_filter filter, int in, int out, int *from, int *to)
{
    int last = first_tap(filter, in, out, *to - 1) + (int)tap_count(filter, in, out);
    *from = first_tap(filter, in, out, *from);
    *to = last;
}

size_t resample_scratch(struct resample_area in, struct resample_area out)
{
    return (size_t)in.height * (size_t)out.width;
}

static struct row_samples part_row(struct resample_part p, int y)
{
    size_t stride = (size_t)p.area.width;
    return (struct row_samples){p.samples + (size_t)(y - p.area.y) * stride, p.area.x, stride};
}

void resample_run(const struct resample_axis *across, const struct resample_axis *down,
                  struct resample_part in, struct resample_part out, float *scratch)
{
    const struct row_kernels *k = row_kernels_used();
    const struct resample_area to = out.area;
    size_t width = (size_t)to.width;
    int first, last;
    resample_axis_reach(down, to.y, to.y + to.height, &first, &last);
    for (int y = first; y < last; y++)
        k->across(across, part_row(in, y), to.x, to.x + to.width,
                  scratch + (size_t)(y - first) * width);
    for (int y = 0; y < to.height; y++) {
        int i = to.y + y;
        struct row_samples rows = {scratch + (size_t)(down->first[i] - first) * width, to.x, width};
        k->down(rows, down->weight + (size_t)i * (size_t)down->taps, down->taps, width,
                out.samples + (size_t)y * width);
    }
}
