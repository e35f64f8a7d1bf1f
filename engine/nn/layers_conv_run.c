/* layers_conv_run.c - the plain definition of conv2d and conv_transpose2d.
 *
 * One loop computes both. An output row is a sum over kernel rows, of which each reads one input
 * row. Along the row, an ordinary convolution reads input x * stride + kx * dilation - padding. A
 * transposed convolution consists of `stride` phases. The tap kx takes part in phase q if stride
 * divides q + padding - kx * dilation. Output q + stride * j then reads input j + (q + padding - kx
 * * dilation) / stride. So each phase is an ordinary convolution of stride 1 with the taps of that
 * phase. (Dumoulin, Visin 2016, "A guide to convolution arithmetic for deep learning", sec. 4.)
 *
 * For every sample, the order of operations is the bias, and then the products, added one by one in
 * the order of ky, kx, ci. Taps on zero padding are left out. */
#include "engine/nn/layers_kinds.h"

/* The kernel rows or columns that take part, and the beginnings of their input and weights. */
struct taps {
    int count;
    ptrdiff_t input[LAYER_MAX_KERNEL]; /* rows: floats; columns: samples */
    size_t weight[LAYER_MAX_KERNEL];   /* floats */
};

/* The values that are constant along one output row and phase. */
struct walk {
    const float *in;             /* the group's first channel of the input */
    const float *weights, *bias; /* of a block of lanes */
    const struct taps *rows;
    int in_channels; /* of the group */
    int lanes;
    const atomic_bool *cancel; /* or NULL */
};

enum { FEW_LANES = 4, MANY_LANES = 8, FEW_LANES_PIXELS = 12, MANY_LANES_PIXELS = 6 };

/* Four floats that are added and multiplied together, in the vector notation of gcc and clang,
 * which works on every target. gcc 12 would keep arrays of plain floats in memory here. */
typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));

/* Computes PIXELS neighbours by 4 * QUADS channels in registers. Of the 16 registers of SSE2, 12
 * hold sums, two hold weights and one holds the input. `step` is the distance between the inputs of
 * two pixels. This is a macro, because the sums stay in registers only if both numbers are
 * constants. */
#define DEFINE_BLOCK(name, PIXELS, QUADS)                                                          \
    static void name(const struct walk *w, const struct taps *columns, size_t step, float *sums)   \
    {                                                                                              \
        quad sum[PIXELS][QUADS];                                                                   \
        for (int p = 0; p < (PIXELS); p++)                                                         \
            for (int o = 0; o < (QUADS); o++)                                                      \
                sum[p][o] = ((const quad *)w->bias)[o];                                            \
        for (int j = 0; j < w->rows->count; j++)                                                   \
            for (int k = 0; k < columns->count; k++) {                                             \
                const float *in = w->in + w->rows->input[j] + columns->input[k];                   \
                const float *end = in + w->in_channels;                                            \
                const quad *weight =                                                               \
                    (const quad *)(w->weights + w->rows->weight[j] + columns->weight[k]);          \
                for (; in < end; in++, weight += (QUADS))                                          \
                    for (int p = 0; p < (PIXELS); p++)                                             \
                        for (int o = 0; o < (QUADS); o++)                                          \
                            sum[p][o] += in[(size_t)p * step] * weight[o];                         \
            }                                                                                      \
        for (int p = 0; p < (PIXELS); p++)                                                         \
            for (int o = 0; o < (QUADS); o++)                                                      \
                ((quad *)sums)[p * (QUADS) + o] = sum[p][o];                                       \
    }

DEFINE_BLOCK(block_12x4, FEW_LANES_PIXELS, 1)
DEFINE_BLOCK(block_1x4, 1, 1)
DEFINE_BLOCK(block_6x8, MANY_LANES_PIXELS, 2)
DEFINE_BLOCK(block_1x8, 1, 2)

/* One phase of an output row. */
struct phase {
    struct taps columns; /* input: in samples, from x * in_step */
    int in_step, out_first, out_step;
    int count; /* of output samples */
    enum padding_mode mode;
};

/* Returns the position in 0..n-1 from which padding takes its value, or -1 for zero. */
static int padded_at(int i, int n, enum padding_mode mode)
{
    if (i >= 0 && i < n)
        return i;
    if (mode == PADDING_REPLICATE)
        return i < 0 ? 0 : n - 1;
    if (mode == PADDING_REFLECT)
        return i < 0 ? -i : 2 * (n - 1) - i;
    if (mode == PADDING_CIRCULAR)
        return i < 0 ? i + n : i - n;
    return -1;
}

/* Finds the columns for the one output x. Each is moved into the row, or left out. */
static void columns_at(const struct phase *ph, int x, const struct shape *in, struct taps *t)
{
    t->count = 0;
    for (int k = 0; k < ph->columns.count; k++) {
        int at = padded_at(x * ph->in_step + (int)ph->columns.input[k], in->width, ph->mode);
        if (at < 0)
            continue;
        t->input[t->count] = (ptrdiff_t)at * in->channels;
        t->weight[t->count++] = ph->columns.weight[k];
    }
}

/* Finds the columns for outputs that do not read beyond an end of the row, relative to the input at
 * which their block begins. */
static void columns_inside(const struct phase *ph, const struct shape *in, struct taps *t)
{
    t->count = ph->columns.count;
    for (int k = 0; k < t->count; k++) {
        t->input[k] = ph->columns.input[k] * in->channels;
        t->weight[k] = ph->columns.weight[k];
    }
}

/* Finds the outputs [*begin, *end) of a phase whose taps all lie inside the row. */
static void inside(const struct phase *ph, int width, int *begin, int *end)
{
    int64_t least = 0, most = 0;
    for (int k = 0; k < ph->columns.count; k++) {
        int64_t at = ph->columns.input[k];
        least = at < least ? at : least;
        most = at > most ? at : most;
    }
    int64_t first = ceil_div(-least, ph->in_step);
    int64_t past = floor_div(width - 1 - most, ph->in_step) + 1;
    if (past > ph->count)
        past = ph->count;
    *begin = (int)(first < ph->count ? first : ph->count);
    *end = (int)(past > *begin ? past : *begin);
}

/* The output of a block: `out` is the first of `valid` channels, and pixels are `stride` floats
 * apart. */
struct place {
    float *out;
    size_t stride;
    int lanes, valid;
};

static void store(const float *sums, int x, int pixels, const struct place *to)
{
    for (int p = 0; p < pixels; p++)
        for (int o = 0; o < to->valid; o++)
            to->out[(size_t)(x + p) * to->stride + (size_t)o] = sums[p * to->lanes + o];
}

/* Computes one block of lanes along one phase of one output row. */
static void run_phase(const struct walk *w, const struct phase *ph, const struct shape *in,
                      const struct place *to)
{
    float sums[FEW_LANES_PIXELS * FEW_LANES]; /* as many as MANY_LANES_PIXELS * MANY_LANES */
    bool few = w->lanes == FEW_LANES;
    int pixels = few ? FEW_LANES_PIXELS : MANY_LANES_PIXELS, begin, end;
    size_t step = (size_t)ph->in_step * (size_t)in->channels;
    struct taps columns, inner;
    columns_inside(ph, in, &inner);
    inside(ph, in->width, &begin, &end);
    if (end - begin < pixels)
        end = begin;
    for (int x = 0; x < ph->count && !layer_is_cancelled(w->cancel);) {
        if (x < begin || x >= end) {
            columns_at(ph, x, in, &columns);
            (few ? block_1x4 : block_1x8)(w, &columns, 0, sums);
            store(sums, x, 1, to);
            x++;
            continue;
        }
        if (x > end - pixels) /* the last block overlaps the one before */
            x = end - pixels;
        struct walk here = *w;
        here.in += (size_t)x * step;
        (few ? block_12x4 : block_6x8)(&here, &inner, step, sums);
        store(sums, x, pixels, to);
        x += pixels;
    }
}

/* Computes all channels of one phase of one output row. */
static void run_channels(const struct layer_run *r, const struct taps *rows, const struct phase *ph,
                         float *out_row)
{
    const struct conv_params *c = &r->layer->conv;
    int lanes = conv_lanes(c), outs = c->out_channels / c->groups;
    int blocks = (outs + lanes - 1) / lanes;
    struct walk w = {.rows = rows,
                     .in_channels = c->in_channels / c->groups,
                     .bias = r->packed,
                     .lanes = lanes,
                     .cancel = r->cancel};
    size_t block =
        (size_t)c->kernel_size.y * (size_t)c->kernel_size.x * (size_t)w.in_channels * (size_t)lanes;
    w.weights = r->packed + (size_t)(c->groups * blocks * lanes);
    for (int g = 0; g < c->groups; g++) {
        w.in = r->in[0] + g * w.in_channels;
        for (int b = 0; b < blocks; b++, w.weights += block, w.bias += lanes) {
            int first = b * lanes, left = outs - first;
            struct place to = {out_row + ph->out_first * c->out_channels + g * outs + first,
                               (size_t)ph->out_step * (size_t)c->out_channels, lanes,
                               left < lanes ? left : lanes};
            run_phase(&w, ph, &r->in_shape[0], &to);
        }
    }
}

/* The floats of packed weights from one kernel column to the next, and from one kernel row to the
 * next. */
static size_t column_weights(const struct conv_params *c)
{
    return (size_t)(c->in_channels / c->groups) * (size_t)conv_lanes(c);
}

static void add_tap(struct taps *t, ptrdiff_t input, size_t weight)
{
    t->input[t->count] = input;
    t->weight[t->count++] = weight;
}

static float *out_row(const struct layer_run *r, int y)
{
    return r->out + (size_t)y * (size_t)r->out_shape.width * (size_t)r->out_shape.channels;
}

static void finish_row(const struct layer_run *r, int y)
{
    if (r->then)
        layer_activate(r->then, out_row(r, y), (size_t)r->out_shape.width, r->out_shape.channels);
}

void conv2d_run(const struct layer_run *r)
{
    const struct conv_params *c = &r->layer->conv;
    const struct shape *in = &r->in_shape[0];
    size_t column = column_weights(c), row = column * (size_t)c->kernel_size.x;
    struct phase ph = {.in_step = c->stride.x,
                       .out_step = 1,
                       .count = r->out_shape.width,
                       .mode = c->padding_mode};
    for (int k = 0; k < c->kernel_size.x; k++)
        add_tap(&ph.columns, k * c->dilation.x - c->padding.x, (size_t)k * column);
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        struct taps rows = {.count = 0};
        for (int k = 0; k < c->kernel_size.y; k++) {
            int at = padded_at(y * c->stride.y + k * c->dilation.y - c->padding.y, in->height,
                               c->padding_mode);
            if (at >= 0)
                add_tap(&rows, (ptrdiff_t)at * in->width * in->channels, (size_t)k * row);
        }
        run_channels(r, &rows, &ph, out_row(r, y));
        finish_row(r, y);
    }
}

void conv_transpose2d_run(const struct layer_run *r)
{
    const struct conv_params *c = &r->layer->conv;
    const struct shape *in = &r->in_shape[0];
    size_t column = column_weights(c), row = column * (size_t)c->kernel_size.x;
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        struct taps rows = {.count = 0};
        for (int k = 0; k < c->kernel_size.y; k++) {
            int at = y + c->padding.y - k * c->dilation.y;
            if (at >= 0 && at % c->stride.y == 0 && at / c->stride.y < in->height)
                add_tap(&rows, (ptrdiff_t)(at / c->stride.y) * in->width * in->channels,
                        (size_t)k * row);
        }
        for (int q = 0; q < c->stride.x && q < r->out_shape.width; q++) {
            struct phase ph = {.in_step = 1, .out_first = q, .out_step = c->stride.x};
            ph.count = (r->out_shape.width - q + c->stride.x - 1) / c->stride.x;
            for (int k = 0; k < c->kernel_size.x; k++) {
                int at = q + c->padding.x - k * c->dilation.x;
                if (at % c->stride.x == 0)
                    add_tap(&ph.columns, at / c->stride.x, (size_t)k * column);
            }
            run_channels(r, &rows, &ph, out_row(r, y));
        }
        finish_row(r, y);
    }
}
