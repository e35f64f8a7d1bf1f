/* lower.c - see lower.h. */
#include "engine/nn/lower.h"

#include <stddef.h>

#include "engine/nn/layers.h"

enum { MOST_PHASES = 4 };

/* Output sample s * q + i + origin takes tap k from input sample r if it equals s * r - padding +
 * k. With r = q + t, this is k = i + origin + padding - s * t. */
static int transposed_taps(const struct conv_params *c, enum axis axis, int origin, int *first)
{
    int s = pair_at(c->stride, axis), padding = pair_at(c->padding, axis) + origin;
    int kernel = pair_at(c->kernel_size, axis);
    *first = (int)ceil_div(padding - (kernel - 1), s);
    return (int)floor_div(s - 1 + padding, s) - *first + 1;
}

/* A kernel of 4 with stride 2 and padding 1 has two taps per phase. Samples 2q and 2q + 1 together
 * need three inputs, but 2q + 1 and 2q + 2 need the same two. */
static void place_phases(const struct conv_params *c, enum axis axis, int *origin, int *first,
                         int *taps)
{
    *origin = 0;
    *taps = transposed_taps(c, axis, 0, first);
    for (int i = 1, count; i < pair_at(c->stride, axis); i++) {
        int begin;
        count = transposed_taps(c, axis, i, &begin);
        if (count < *taps) {
            *origin = i;
            *first = begin;
            *taps = count;
        }
    }
}

static const char *lower_transposed(const struct conv_params *c, struct lowered *out)
{
    if (c->stride.y != c->stride.x || c->stride.y > MOST_PHASES)
        return "only strides of 1 to 4 that are equal on both axes are cut into phases";
    out->phases = c->stride.y;
    place_phases(c, AXIS_Y, &out->origin.y, &out->first.y, &out->taps.y);
    place_phases(c, AXIS_X, &out->origin.x, &out->first.x, &out->taps.x);
    return NULL;
}

static const char *lower_plain(const struct conv_params *c, const struct layer *shuffle,
                               struct lowered *out)
{
    if (c->stride.y != 1 || c->stride.x != 1)
        return "a convolution's stride is not 1";
    out->phases = shuffle ? shuffle->upscale_factor : 1;
    out->out_channels /= out->phases * out->phases;
    out->taps = c->kernel_size;
    out->first = (struct pair){-c->padding.y, -c->padding.x};
    return NULL;
}

const char *lower_conv(const struct layer *conv, const struct layer *shuffle, struct lowered *out)
{
    const struct conv_params *c = &conv->conv;
    *out = (struct lowered){.conv = conv,
                            .fold = 1,
                            .shuffled = shuffle != NULL,
                            .in_channels = c->in_channels,
                            .out_channels = c->out_channels};
    if (c->groups != 1)
        return "it has groups";
    if (c->dilation.y != 1 || c->dilation.x != 1)
        return "it is dilated";
    if (conv->kind == LAYER_CONV2D)
        return lower_plain(c, shuffle, out);
    return shuffle ? "a pixel_shuffle follows a transposed convolution" : lower_transposed(c, out);
}

void lower_fold(struct lowered *l)
{
    l->fold = l->phases;
    l->phases = 1;
    l->out_channels *= l->fold * l->fold;
}

/* Finds the phase and the channel that channel *o of folded phases stands for. */
static void unfold(const struct lowered *l, struct pair *phase, int *o)
{
    if (l->fold > 1) {
        *phase = (struct pair){*o / l->fold % l->fold, *o % l->fold};
        *o /= l->fold * l->fold;
    }
}

/* Returns PyTorch's index, before the shuffle, of an output channel of a phase. */
static int channel_of(const struct lowered *l, struct pair phase, int o)
{
    int s = l->phases * l->fold;
    return l->shuffled ? (o * s + phase.y) * s + phase.x : o;
}

/* Returns the factor of an affine for output channel o. */
static float factor_of(const struct affine_params *p, int o)
{
    return p->weight[p->weight_count > 1 ? o : 0];
}

float lowered_weight(const struct lowered *l, struct pair phase, struct lowered_tap tap)
{
    const struct conv_params *p = &l->conv->conv;
    size_t outs = (size_t)p->out_channels, ins = (size_t)p->in_channels, channels;
    int s = l->phases * l->fold;
    unfold(l, &phase, &tap.o);
    if (l->conv->kind == LAYER_CONV_TRANSPOSE2D) {
        tap.ky = phase.y + l->origin.y + p->padding.y - s * (tap.ky + l->first.y);
        tap.kx = phase.x + l->origin.x + p->padding.x - s * (tap.kx + l->first.x);
        if (tap.ky < 0 || tap.kx < 0 || tap.ky >= p->kernel_size.y || tap.kx >= p->kernel_size.x)
            return 0;
        channels = (size_t)tap.c * outs + (size_t)tap.o;
    } else {
        channels = (size_t)channel_of(l, phase, tap.o) * ins + (size_t)tap.c;
    }
    size_t row = channels * (size_t)p->kernel_size.y + (size_t)tap.ky;
    float weight = p->weight[row * (size_t)p->kernel_size.x + (size_t)tap.kx];
    return l->affine ? weight * factor_of(&l->affine->affine, tap.o) : weight;
}

float lowered_bias(const struct lowered *l, struct pair phase, int o)
{
    const float *bias = l->conv->conv.bias;
    unfold(l, &phase, &o);
    float sum = bias ? bias[channel_of(l, phase, o)] : 0;
    if (!l->affine)
        return sum;
    const struct affine_params *p = &l->affine->affine;
    sum *= factor_of(p, o);
    return p->bias_count ? sum + p->bias[p->bias_count > 1 ? o : 0] : sum;
}
