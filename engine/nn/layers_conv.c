/* layers_conv.c - conv2d and conv_transpose2d: parameters, laws, packed weights. layers_conv_run.c
 * runs them. */
#include <string.h>

#include "engine/base/size.h"
#include "engine/nn/layers_kinds.h"

static enum err_code common_check(const struct conv_params *c, int i, int in_channels,
                                  struct err *e)
{
    enum err_code rc;
    if ((rc = layer_check_range(i, c->in_channels,
                                (struct layer_range){"in_channels", 1, LAYER_MAX_CHANNELS}, e)) ||
        (rc = layer_check_range(i, c->out_channels,
                                (struct layer_range){"out_channels", 1, LAYER_MAX_CHANNELS}, e)) ||
        (rc = layer_check_range(i, c->groups, (struct layer_range){"groups", 1, LAYER_MAX_CHANNELS},
                                e)) ||
        (rc = layer_check_pair(i, c->kernel_size,
                               (struct layer_range){"kernel_size", 1, LAYER_MAX_KERNEL}, e)) ||
        (rc = layer_check_pair(i, c->stride, (struct layer_range){"stride", 1, LAYER_MAX_STRIDE},
                               e)) ||
        (rc = layer_check_pair(i, c->padding, (struct layer_range){"padding", 0, LAYER_MAX_PADDING},
                               e)) ||
        (rc = layer_check_pair(i, c->dilation,
                               (struct layer_range){"dilation", 1, LAYER_MAX_DILATION}, e)))
        return rc;
    if (c->in_channels != in_channels)
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].in_channels: %d expected, the channels of its input, not %d",
                       i, in_channels, c->in_channels);
    if (c->in_channels % c->groups != 0 || c->out_channels % c->groups != 0)
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].groups: a divisor of in_channels (%d) and out_channels (%d) "
                       "expected, not %d",
                       i, c->in_channels, c->out_channels, c->groups);
    if (!c->weight)
        return err_set(e, ERR_MODEL, "$.layers[%d].weight: a tensor expected", i);
    return ERR_OK;
}

enum err_code conv2d_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e)
{
    enum err_code rc = common_check(&l->conv, in->layer, in->channels[0], e);
    *out_channels = l->conv.out_channels;
    return rc;
}

void conv2d_rate(const struct layer *l, enum axis axis, int *up, int *down)
{
    *up = 1;
    *down = pair_at(l->conv.stride, axis);
}

/* Returns how many samples a kernel spans beyond its first. */
static int64_t kernel_reach(const struct conv_params *c, enum axis axis)
{
    return (int64_t)pair_at(c->dilation, axis) * (pair_at(c->kernel_size, axis) - 1);
}

int64_t conv2d_size(const struct layer *l, enum axis axis, const struct extent *in, int in_count)
{
    (void)in_count;
    int64_t n = in[0].size, padding = pair_at(l->conv.padding, axis);
    if (l->conv.padding_mode == PADDING_REFLECT && padding >= n)
        return 0;
    if (l->conv.padding_mode == PADDING_CIRCULAR && padding > n)
        return 0;
    int64_t room = n + 2 * padding - kernel_reach(&l->conv, axis) - 1;
    return floor_div(room, pair_at(l->conv.stride, axis)) + 1;
}

/* Output sample i reads from input sample i * stride - padding up to `reach` samples further. */
void conv2d_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                  struct extent *out)
{
    (void)in_count;
    int64_t stride = pair_at(l->conv.stride, axis), padding = pair_at(l->conv.padding, axis);
    out->lo = ceil_div(in[0].lo + padding, stride);
    out->hi = floor_div(in[0].hi - 1 + padding - kernel_reach(&l->conv, axis), stride) + 1;
}

bool conv2d_whole(const struct layer *l)
{
    const struct conv_params *c = &l->conv;
    return c->padding_mode == PADDING_CIRCULAR && (c->padding.y > 0 || c->padding.x > 0);
}

double conv2d_macs(const struct layer *l, int channels)
{
    const struct conv_params *c = &l->conv;
    return (double)c->kernel_size.y * c->kernel_size.x * (c->in_channels / c->groups) * channels;
}

enum err_code conv_transpose2d_check(const struct layer *l, const struct layer_inputs *in,
                                     int *out_channels, struct err *e)
{
    const struct conv_params *c = &l->conv;
    enum err_code rc = common_check(c, in->layer, in->channels[0], e);
    for (enum axis axis = AXIS_Y; !rc && axis <= AXIS_X; axis++) {
        int stride = pair_at(c->stride, axis), dilation = pair_at(c->dilation, axis);
        rc = layer_check_range(
            in->layer, pair_at(c->output_padding, axis),
            (struct layer_range){"output_padding", 0, (stride > dilation ? stride : dilation) - 1},
            e);
    }
    if (!rc && c->padding_mode != PADDING_ZEROS)
        rc = err_set(e, ERR_MODEL, "$.layers[%d].padding_mode: \"zeros\" expected", in->layer);
    *out_channels = c->out_channels;
    return rc;
}

void conv_transpose2d_rate(const struct layer *l, enum axis axis, int *up, int *down)
{
    *up = pair_at(l->conv.stride, axis);
    *down = 1;
}

int64_t conv_transpose2d_size(const struct layer *l, enum axis axis, const struct extent *in,
                              int in_count)
{
    (void)in_count;
    return (in[0].size - 1) * pair_at(l->conv.stride, axis) -
           2 * (int64_t)pair_at(l->conv.padding, axis) + kernel_reach(&l->conv, axis) +
           pair_at(l->conv.output_padding, axis) + 1;
}

/* Input sample i adds to output sample i * stride - padding and up to `reach` samples further. The
 * clean samples begin behind the last one to which an unclean input on the left adds, and end
 * before the first one to which an unclean input on the right adds. */
void conv_transpose2d_clean(const struct layer *l, enum axis axis, const struct extent *in,
                            int in_count, struct extent *out)
{
    (void)in_count;
    int64_t stride = pair_at(l->conv.stride, axis), padding = pair_at(l->conv.padding, axis);
    out->lo = (in[0].lo - 1) * stride - padding + kernel_reach(&l->conv, axis) + 1;
    out->hi = in[0].hi * stride - padding;
}

double conv_transpose2d_macs(const struct layer *l, int channels)
{
    const struct conv_params *c = &l->conv; /* each input sample is multiplied by each tap once */
    return conv2d_macs(l, channels) / ((double)c->stride.y * c->stride.x);
}

/* Packed: biases [groups][blocks][lanes], then weights [groups][blocks][kernel y][kernel x]
 * [in_channels / groups][lanes], with zeros for the lanes that no channel fills. */
int conv_lanes(const struct conv_params *c)
{
    return c->out_channels / c->groups <= 4 ? 4 : 8;
}

static int padded_channels(const struct conv_params *c)
{
    int lanes = conv_lanes(c);
    return (c->out_channels / c->groups + lanes - 1) / lanes * lanes;
}

bool conv_packed_floats(const struct layer *l, size_t *count)
{
    const struct conv_params *c = &l->conv;
    size_t lanes = (size_t)padded_channels(c) * (size_t)c->groups;
    size_t taps = (size_t)c->kernel_size.y * (size_t)c->kernel_size.x, weights;
    return size_mul3(taps, (size_t)(c->in_channels / c->groups), lanes, &weights) &&
           size_add(weights, lanes, count);
}

/* The strides of PyTorch's weights: to the next output channel of a group, to the next input
 * channel, and to the next group. */
struct weight_order {
    size_t out, in, group;
};

static void pack(const struct conv_params *c, struct weight_order order, float *packed)
{
    int lanes = conv_lanes(c), padded = padded_channels(c);
    int ins = c->in_channels / c->groups, outs = c->out_channels / c->groups;
    size_t taps = (size_t)c->kernel_size.y * (size_t)c->kernel_size.x;
    float *weights = packed + (size_t)padded * (size_t)c->groups;
    for (int g = 0; g < c->groups; g++)
        for (int o = 0; o < padded; o++)
            *packed++ = c->bias && o < outs ? c->bias[g * outs + o] : 0;
    for (int g = 0; g < c->groups; g++)
        for (int first = 0; first < padded; first += lanes)
            for (size_t tap = 0; tap < taps; tap++)
                for (int i = 0; i < ins; i++)
                    for (int o = first; o < first + lanes; o++)
                        *weights++ =
                            o >= outs ? 0
                                      : c->weight[(size_t)g * order.group + (size_t)o * order.out +
                                                  (size_t)i * order.in + tap];
}

void conv2d_pack(const struct layer *l, float *packed)
{
    const struct conv_params *c = &l->conv;
    size_t taps = (size_t)c->kernel_size.y * (size_t)c->kernel_size.x;
    size_t ins = (size_t)(c->in_channels / c->groups), outs = (size_t)(c->out_channels / c->groups);
    pack(c, (struct weight_order){ins * taps, taps, outs * ins * taps}, packed);
}

void conv_transpose2d_pack(const struct layer *l, float *packed)
{
    const struct conv_params *c = &l->conv;
    size_t taps = (size_t)c->kernel_size.y * (size_t)c->kernel_size.x;
    size_t ins = (size_t)(c->in_channels / c->groups), outs = (size_t)(c->out_channels / c->groups);
    pack(c, (struct weight_order){taps, outs * taps, ins * outs * taps}, packed);
}
