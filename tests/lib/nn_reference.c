/* nn_reference.c - see nn_reference.h. It differs from the engine on purpose: it scatters samples
 * where the engine gathers, copies samples for padding, and checks the indices of every access. */
#include "tests/lib/nn_reference_parts.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/harness.h"

struct exact *exact_new(int width, int height, int channels)
{
    struct exact *t = calloc(1, sizeof *t);
    *t = (struct exact){.width = width, .height = height, .channels = channels};
    size_t count = (size_t)width * (size_t)height * (size_t)channels;
    t->value = calloc(count + 1, sizeof *t->value);
    t->error = calloc(count + 1, sizeof *t->error);
    return t;
}

struct exact *exact_from(const float *samples, int width, int height, int channels)
{
    struct exact *t = exact_new(width, height, channels);
    for (int k = 0; k < width * height * channels; k++)
        t->value[k] = (double)samples[k];
    return t;
}

void exact_free(struct exact *t)
{
    if (!t)
        return;
    free(t->value);
    free(t->error);
    free(t->indices);
    free(t);
}

/* Computes x times a gate between 0 and 1. The slopes are below 1.2 (hardswish: 1.5). The gate has
 * an absolute error of a few roundings: where 1 and a number near -1 are added, the sum has the
 * error of its terms. */
static double gated(const struct layer *l, double v, double *slope)
{
    *slope = 1.5;
    switch (l->kind) {
    case LAYER_SILU:
        return v / (1 + exp(-v));
    case LAYER_GELU:
        return l->gelu == GELU_TANH
                   ? v / 2 * (1 + tanh(sqrt(2 / acos(-1)) * (v + 0.044715 * v * v * v)))
                   : v / 2 * (1 + erf(v / sqrt(2)));
    case LAYER_MISH:
        return v * tanh(log1p(exp(v)));
    default:
        return v * fmin(fmax(v / 6 + 0.5, 0), 1);
    }
}

static bool is_gated(const struct layer *l)
{
    return l->kind == LAYER_SILU || l->kind == LAYER_GELU || l->kind == LAYER_MISH ||
           l->kind == LAYER_HARDSWISH;
}

static double affine(const struct affine_params *p, int c, double v, double *slope)
{
    double weight = (double)p->weight[p->weight_count > 1 ? c : 0];
    *slope = fabs(weight);
    return weight * v + (p->bias_count ? (double)p->bias[p->bias_count > 1 ? c : 0] : 0);
}

/* Computes the value of an activation and a bound on its slope. Each activation rounds a few
 * times. */
static double activate(const struct layer *l, int c, double v, double *slope)
{
    double leak = 0;
    *slope = 1;
    if (is_gated(l))
        return gated(l, v, slope);
    if (l->kind == LAYER_AFFINE)
        return affine(&l->affine, c, v, slope);
    switch (l->kind) {
    case LAYER_SIGMOID:
        return 1 / (1 + exp(-v));
    case LAYER_TANH:
        return tanh(v);
    case LAYER_CLAMP:
        return fmin(fmax(v, (double)l->clamp.min), (double)l->clamp.max);
    case LAYER_LEAKY_RELU:
        leak = (double)l->negative_slope;
        break;
    case LAYER_PRELU:
        leak = (double)l->prelu.weight[l->prelu.num_parameters == 1 ? 0 : c];
        break;
    default:
        break;
    }
    *slope = fmax(1, fabs(leak));
    return v > 0 ? v : leak * v;
}

static struct exact *activation(const struct layer *l, const struct exact *in)
{
    struct exact *out = exact_new(in->width, in->height, in->channels);
    for (int k = 0; k < in->width * in->height * in->channels; k++) {
        double slope;
        out->value[k] = activate(l, k % in->channels, in->value[k], &slope);
        out->error[k] = slope * in->error[k] + 4 * (double)FLT_EPSILON * fabs(out->value[k]);
        if (is_gated(l)) /* the gate, which is at most 1, rounds eight times */
            out->error[k] += 8 * (double)FLT_EPSILON * fabs(in->value[k]);
        if (l->kind == LAYER_AFFINE) /* the product rounds, and may cancel with the bias */
            out->error[k] += (double)FLT_EPSILON * slope * fabs(in->value[k]);
    }
    return out;
}

static struct exact *merge(const struct layer *l, const struct exact *const *in, int in_count)
{
    int width = in[0]->width, height = in[0]->height, channels = 0;
    for (int k = 0; k < in_count; k++) {
        width = in[k]->width < width ? in[k]->width : width;
        height = in[k]->height < height ? in[k]->height : height;
        channels = l->kind == LAYER_ADD ? in[k]->channels : channels + in[k]->channels;
    }
    struct exact *out = exact_new(width, height, channels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int k = 0, first = 0; k < in_count; k++) {
                for (int c = 0; c < in[k]->channels; c++) {
                    int from = at(in[k], y + (in[k]->height - height) / 2,
                                  x + (in[k]->width - width) / 2, c);
                    int to = at(out, y, x, first + c);
                    out->value[to] += in[k]->value[from];
                    out->error[to] += in[k]->error[from];
                    if (l->kind == LAYER_ADD)
                        out->error[to] +=
                            (in_count + 2) * (double)FLT_EPSILON * fabs(in[k]->value[from]);
                }
                first += l->kind == LAYER_ADD ? 0 : in[k]->channels;
            }
    return out;
}

static struct exact *product(const struct exact *const *in, int in_count)
{
    int width = in[0]->width, height = in[0]->height;
    for (int k = 1; k < in_count; k++) {
        width = in[k]->width < width ? in[k]->width : width;
        height = in[k]->height < height ? in[k]->height : height;
    }
    struct exact *out = exact_new(width, height, in[0]->channels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < out->channels; c++) {
                double value = 1, error = 0;
                for (int k = 0; k < in_count; k++) {
                    int from = at(in[k], y + (in[k]->height - height) / 2,
                                  x + (in[k]->width - width) / 2, c);
                    double v = in[k]->value[from], off = in[k]->error[from];
                    error = error * (fabs(v) + off) + fabs(value) * off;
                    value *= v;
                    error += (double)FLT_EPSILON * fabs(value);
                }
                out->value[at(out, y, x, c)] = value;
                out->error[at(out, y, x, c)] = error;
            }
    return out;
}

static struct exact *pixel_shuffle(int f, const struct exact *in)
{
    struct exact *out = exact_new(in->width * f, in->height * f, in->channels / (f * f));
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++)
            for (int c = 0; c < out->channels; c++) {
                int from = at(in, y / f, x / f, c * f * f + y % f * f + x % f),
                    to = at(out, y, x, c);
                out->value[to] = in->value[from];
                out->error[to] = in->error[from];
            }
    return out;
}

static struct exact *pixel_unshuffle(int f, const struct exact *in)
{
    if (in->width < f || in->height < f)
        return NULL;
    struct exact *out = exact_new(in->width / f, in->height / f, in->channels * f * f);
    for (int y = 0; y < out->height * f; y++)
        for (int x = 0; x < out->width * f; x++)
            for (int c = 0; c < in->channels; c++) {
                int from = at(in, y, x, c),
                    to = at(out, y / f, x / f, c * f * f + y % f * f + x % f);
                out->value[to] = in->value[from];
                out->error[to] = in->error[from];
            }
    return out;
}

static double cubic(double d)
{
    const double a = -0.75;
    d = fabs(d);
    if (d <= 1)
        return (a + 2) * d * d * d - (a + 3) * d * d + 1;
    return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

/* Returns the weight of input sample i for output sample o along one axis, before clamping. */
static double upsample_weight(const struct upsample_params *u, int factor, int n, int o, int i)
{
    if (u->mode == UPSAMPLE_NEAREST)
        return o / factor == i ? 1 : 0;
    double position = (o + 0.5) / factor - 0.5;
    if (u->align_corners)
        position = n * factor > 1 ? (double)o * (n - 1) / (n * factor - 1) : 0;
    double d = position - i;
    return u->mode == UPSAMPLE_BICUBIC ? cubic(d) : fmax(0, 1 - fabs(d));
}

/* Along each of two axes, the position has an error of up to 2 n eps in float32 (three roundings of
 * numbers up to n). The weight has 1.5 times that error, because the steepest slope of the cubic is
 * 1.35. */
static struct exact *upsample(const struct upsample_params *u, const struct exact *in)
{
    struct pair f = u->scale_factor;
    struct exact *out = exact_new(in->width * f.x, in->height * f.y, in->channels);
    int n = in->width > in->height ? in->width : in->height;
    for (int k = 0; k < out->width * out->height * out->channels; k++) {
        int c = k % out->channels, x = k / out->channels % out->width;
        int y = k / out->channels / out->width;
        struct sum s = {0};
        double seen = 0;
        for (int n_y = -4; n_y <= 4; n_y++) /* no tap is farther than that from y / f */
            for (int n_x = -4; n_x <= 4; n_x++) {
                int iy = y / f.y + n_y, ix = x / f.x + n_x;
                double w = upsample_weight(u, f.y, in->height, y, iy) *
                           upsample_weight(u, f.x, in->width, x, ix);
                int from = at(in, exact_pad_source(iy, in->height, PADDING_REPLICATE),
                              exact_pad_source(ix, in->width, PADDING_REPLICATE), c);
                if (fabs(w) > 0)
                    sum_add(&s, w, in->value[from], in->error[from]);
                seen += fabs(in->value[from]);
            }
        sum_store(&s, out, k);
        if (u->mode != UPSAMPLE_NEAREST)
            out->error[k] += 8 * n * (double)FLT_EPSILON * seen;
    }
    return out;
}

static int pooled_side(int n, int kernel, int stride, int padding, int dilation, bool ceil_mode)
{
    double room = n + 2 * padding - dilation * (kernel - 1) - 1;
    int size = (int)(ceil_mode ? ceil(room / stride) : floor(room / stride)) + 1;
    return ceil_mode && (size - 1) * stride >= n + padding ? size - 1 : size;
}

static struct exact *max_pool2d(const struct pool_params *p, const struct exact *in)
{
    int height = pooled_side(in->height, p->kernel_size.y, p->stride.y, p->padding.y, p->dilation.y,
                             p->ceil_mode);
    int width = pooled_side(in->width, p->kernel_size.x, p->stride.x, p->padding.x, p->dilation.x,
                            p->ceil_mode);
    if (height < 1 || width < 1)
        return NULL;
    struct exact *out = exact_new(width, height, in->channels);
    out->indices = calloc((size_t)(width * height * in->channels), sizeof *out->indices);
    for (int k = 0; k < width * height * in->channels; k++) {
        int c = k % in->channels, x = k / in->channels % width, y = k / in->channels / width;
        out->value[k] = -INFINITY;
        for (int n = 0; n < p->kernel_size.y * p->kernel_size.x; n++) {
            int iy = y * p->stride.y - p->padding.y + n / p->kernel_size.x * p->dilation.y;
            int ix = x * p->stride.x - p->padding.x + n % p->kernel_size.x * p->dilation.x;
            if (iy < 0 || iy >= in->height || ix < 0 || ix >= in->width)
                continue;
            int from = at(in, iy, ix, c);
            out->error[k] = fmax(out->error[k], in->error[from]);
            if (in->value[from] > out->value[k]) {
                out->value[k] = in->value[from];
                out->indices[k] = iy * in->width + ix;
            }
        }
    }
    return out;
}

static struct exact *max_unpool2d(const struct exact *const *in)
{
    struct exact *out = exact_new(in[2]->width, in[2]->height, in[0]->channels);
    for (int k = 0; k < in[0]->width * in[0]->height * in[0]->channels; k++) {
        int place = in[1]->indices[k];
        int to = at(out, place / out->width, place % out->width, k % out->channels);
        out->value[to] = in[0]->value[k];
        out->error[to] = in[0]->error[k];
    }
    return out;
}

struct exact *exact_layer(const struct layer *l, const struct exact *const *in, int in_count)
{
    switch (l->kind) {
    case LAYER_CONV2D:
        return exact_conv2d(&l->conv, in[0]);
    case LAYER_CONV_TRANSPOSE2D:
        return exact_conv_transpose2d(&l->conv, in[0]);
    case LAYER_ADD:
    case LAYER_CONCAT:
        return merge(l, in, in_count);
    case LAYER_MUL:
        return product(in, in_count);
    case LAYER_PIXEL_SHUFFLE:
        return pixel_shuffle(l->upscale_factor, in[0]);
    case LAYER_PIXEL_UNSHUFFLE:
        return pixel_unshuffle(l->downscale_factor, in[0]);
    case LAYER_UPSAMPLE:
        return upsample(&l->upsample, in[0]);
    case LAYER_MAX_POOL2D:
        return max_pool2d(&l->pool, in[0]);
    case LAYER_MAX_UNPOOL2D:
        return max_unpool2d(in);
    default:
        return activation(l, in[0]);
    }
}

struct exact *exact_model(const struct model *m, const float *picture, int width, int height,
                          int channels)
{
    struct exact **all = calloc((size_t)m->layer_count + 1, sizeof *all);
    all[0] = exact_from(picture, width, height, channels);
    int reached = 0;
    for (; reached < m->layer_count; reached++) {
        const struct layer *l = &m->layers[reached];
        const struct exact *in[LAYER_OTHERS_MAX + 2] = {all[1 + l->input]};
        int count = 1;
        for (int k = 0; k < l->other_count; k++)
            in[count++] = all[1 + l->others[k]];
        if (l->kind == LAYER_MAX_UNPOOL2D)
            in[count++] = all[1 + m->layers[l->others[0]].input];
        all[1 + reached] = exact_layer(l, in, count);
        if (!all[1 + reached])
            break;
    }
    struct exact *out = all[m->layer_count];
    for (int i = 0; i < m->layer_count; i++)
        exact_free(all[i]);
    free(all);
    return out;
}
