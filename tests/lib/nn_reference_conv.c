/* nn_reference_conv.c - convolutions in double arithmetic; see nn_reference.h. */
#include "tests/lib/nn_reference_parts.h"

#include <stdlib.h>

int exact_pad_source(int i, int n, enum padding_mode mode)
{
    switch (mode) {
    case PADDING_REPLICATE:
        return i < 0 ? 0 : i >= n ? n - 1 : i;
    case PADDING_REFLECT:
        return i < 0 ? -i : i >= n ? 2 * n - 2 - i : i;
    case PADDING_CIRCULAR:
        return (i + n) % n;
    case PADDING_ZEROS:
        break;
    }
    return i;
}

/* The sample under one tap of the kernel, or -1 outside. */
static int tap_place(const struct conv_params *c, const struct exact *in, int at_y, int at_x)
{
    int y = exact_pad_source(at_y, in->height, c->padding_mode);
    int x = exact_pad_source(at_x, in->width, c->padding_mode);
    return y < 0 || y >= in->height || x < 0 || x >= in->width ? -1 : at(in, y, x, 0);
}

/* Computes output channel `o` at (x, y). The divisions stand outside the inner loop, which takes
 * most of the time of several tests. */
static struct sum conv_sum(const struct conv_params *c, const struct exact *in, int y, int x, int o)
{
    int ins = c->in_channels / c->groups, first = o / (c->out_channels / c->groups) * ins;
    int taps = c->kernel_size.y * c->kernel_size.x;
    struct sum s = {0};
    if (c->bias)
        sum_add(&s, 1, (double)c->bias[o], 0);
    for (int tap = 0; tap < taps; tap++) {
        int ky = tap / c->kernel_size.x, kx = tap % c->kernel_size.x;
        int from = tap_place(c, in, y * c->stride.y + ky * c->dilation.y - c->padding.y,
                             x * c->stride.x + kx * c->dilation.x - c->padding.x);
        const float *weight = c->weight + o * ins * taps + tap;
        for (int i = first; from >= 0 && i < first + ins; i++, weight += taps)
            sum_add(&s, (double)*weight, in->value[from + i], in->error[from + i]);
    }
    return s;
}

struct exact *exact_conv2d(const struct conv_params *c, const struct exact *in)
{
    int reach_y = c->dilation.y * (c->kernel_size.y - 1) + 1;
    int reach_x = c->dilation.x * (c->kernel_size.x - 1) + 1;
    int room_y = in->height + 2 * c->padding.y - reach_y;
    int room_x = in->width + 2 * c->padding.x - reach_x;
    if (room_y < 0 || room_x < 0)
        return NULL;
    ck_assert_int_eq(c->in_channels, in->channels);
    struct exact *out =
        exact_new(room_x / c->stride.x + 1, room_y / c->stride.y + 1, c->out_channels);
    for (int y = 0, k = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++)
            for (int o = 0; o < out->channels; o++, k++) {
                struct sum s = conv_sum(c, in, y, x, o);
                sum_store(&s, out, k);
            }
    return out;
}

/* Scatters an input sample over the outputs under its kernel. */
static void scatter(const struct conv_params *c, const struct exact *in, int iy, int ix, int i,
                    struct sum *sums, const struct exact *out)
{
    int ins = c->in_channels / c->groups, outs = c->out_channels / c->groups;
    int from = at(in, iy, ix, i);
    for (int o = 0; o < outs; o++)
        for (int ky = 0; ky < c->kernel_size.y; ky++)
            for (int kx = 0; kx < c->kernel_size.x; kx++) {
                int y = iy * c->stride.y - c->padding.y + ky * c->dilation.y;
                int x = ix * c->stride.x - c->padding.x + kx * c->dilation.x;
                if (y < 0 || y >= out->height || x < 0 || x >= out->width)
                    continue;
                int tap = ((i * outs + o) * c->kernel_size.y + ky) * c->kernel_size.x + kx;
                sum_add(&sums[at(out, y, x, i / ins * outs + o)], (double)c->weight[tap],
                        in->value[from], in->error[from]);
            }
}

static int transposed_side(int n, int stride, int padding, int dilation, int kernel, int extra)
{
    return (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + extra + 1;
}

struct exact *exact_conv_transpose2d(const struct conv_params *c, const struct exact *in)
{
    int height = transposed_side(in->height, c->stride.y, c->padding.y, c->dilation.y,
                                 c->kernel_size.y, c->output_padding.y);
    int width = transposed_side(in->width, c->stride.x, c->padding.x, c->dilation.x,
                                c->kernel_size.x, c->output_padding.x);
    if (height < 1 || width < 1)
        return NULL;
    struct exact *out = exact_new(width, height, c->out_channels);
    struct sum *sums = calloc((size_t)(width * height * c->out_channels), sizeof *sums);
    for (int iy = 0; iy < in->height; iy++)
        for (int ix = 0; ix < in->width; ix++)
            for (int i = 0; i < c->in_channels; i++)
                scatter(c, in, iy, ix, i, sums, out);
    for (int k = 0; k < width * height * c->out_channels; k++) {
        if (c->bias)
            sum_add(&sums[k], 1, (double)c->bias[k % c->out_channels], 0);
        sum_store(&sums[k], out, k);
    }
    free(sums);
    return out;
}
