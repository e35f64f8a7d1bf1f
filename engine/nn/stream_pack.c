/* stream_pack.c - see stream_pack.h. */
#include "engine/nn/stream_pack.h"

#include "engine/base/mem.h"
#include "engine/base/size.h"

enum { LANES = KERNEL_LANES, FEW = 4 };

static size_t blocks_of(int channels)
{
    return ((size_t)channels + LANES - 1) / LANES;
}

/* Sizes in floats: of all weights, and of the biases, which have the same number as the slopes. */
static bool measure(const struct stream *s, struct stream_step *t, const struct lowered *l,
                    size_t *weights, size_t *biases)
{
    size_t outs = (size_t)s->tensors[t->out].channels, phases = (size_t)(t->phases * t->phases);
    size_t lanes = s->tensors[t->out].blocked ? blocks_of((int)outs) * LANES : outs * FEW, taps;
    *weights = 0;
    *biases = lanes * phases;
    if (!l)
        return true;
    bool planes = t->op == STREAM_PLANES || t->op == STREAM_TALL;
    size_t count = t->op == STREAM_WINOGRAD ? (size_t)((t->tile + 2) * (t->tile + 2))
                   : t->op == STREAM_TALL ? (size_t)((KERNEL_TALL_ROWS + t->taps.y - 1) * t->taps.x)
                                          : (size_t)(t->taps.y * t->taps.x);
    if (!size_mul3(count, (size_t)t->in_channels, lanes, &taps))
        return false;
    t->phase_floats = taps;
    t->group_floats = count * (size_t)t->in_channels * FEW; /* no more than all lanes */
    return size_mul(taps, planes ? 1 : phases, weights);
}

static struct pair phase_at(const struct stream_step *t, int k)
{
    return (struct pair){k / t->phases, k % t->phases};
}

/* Returns the weight of lane `o` of a phase; 0 beyond the last channel. */
static float at(const struct lowered *l, struct pair phase, struct lowered_tap tap)
{
    return tap.o < l->out_channels ? lowered_weight(l, phase, tap) : 0;
}

static void pack_conv(const struct stream_step *t, const struct lowered *l, bool blocked, float *to)
{
    int block = blocked ? LANES : 1, ins = t->in_channels;
    for (int k = 0; k < t->phases * t->phases; k++)
        for (int first = 0; first < l->out_channels; first += LANES)
            for (int ky = 0; ky < t->taps.y; ky++)
                for (int b = 0; b < ins; b += block)
                    for (int kx = 0; kx < t->taps.x; kx++)
                        for (int c = b; c < b + block && c < ins; c++)
                            for (int o = first; o < first + LANES; o++)
                                *to++ = at(l, phase_at(t, k), (struct lowered_tap){o, c, ky, kx});
}

/* Lane o of a group of planes: a phase of the group's one channel, or a channel. */
static void pack_planes(const struct stream_step *t, const struct lowered *l, float *to)
{
    int groups = t->phases > 1 ? l->out_channels : 1;
    struct pair none = {0, 0};
    for (int group = 0; group < groups; group++)
        for (int c = 0; c < t->in_channels; c++)
            for (int ky = 0; ky < t->taps.y; ky++)
                for (int kx = 0; kx < t->taps.x; kx++)
                    for (int o = 0; o < FEW; o++) {
                        struct lowered_tap tap = {t->phases > 1 ? group : o, c, ky, kx};
                        *to++ = at(l, t->phases > 1 ? phase_at(t, o) : none, tap);
                    }
}

static enum err_code pack_winograd(const struct stream_step *t, const struct lowered *l, float *to,
                                   struct err *e)
{
    bool as_they_are = l->conv->kind == LAYER_CONV2D && !l->shuffled && l->fold == 1 && !l->affine;
    if (as_they_are) {
        kernel_winograd_pack(t->tile, l->conv->conv.weight, t->in_channels, l->out_channels, to);
        return ERR_OK;
    }
    float *plain = mem_alloc((size_t)l->out_channels * (size_t)l->in_channels, 9 * sizeof *plain),
          *p = plain;
    if (!plain)
        return err_set(e, ERR_MEMORY, "no memory to arrange a layer's weights");
    for (int o = 0; o < l->out_channels; o++)
        for (int c = 0; c < l->in_channels; c++)
            for (int k = 0; k < 9; k++)
                *p++ = lowered_weight(l, (struct pair){0, 0},
                                      (struct lowered_tap){o, c, k / 3, k % 3});
    kernel_winograd_pack(t->tile, plain, t->in_channels, l->out_channels, to);
    mem_free(plain);
    return ERR_OK;
}

static enum err_code pack_tall(const struct stream_step *t, const struct lowered *l, float *to,
                               struct err *e)
{
    int groups = t->phases > 1 ? l->out_channels : 1;
    size_t group = (size_t)(t->taps.y * t->taps.x * t->in_channels) * FEW;
    float *plain = mem_alloc((size_t)groups * group, sizeof *plain);
    if (!plain)
        return err_set(e, ERR_MEMORY, "no memory to arrange a layer's weights");
    pack_planes(t, l, plain);
    for (int g = 0; g < groups; g++)
        kernel_tall_pack(plain + (size_t)g * group, t->in_channels, t->taps.x,
                         to + (size_t)g * t->group_floats);
    mem_free(plain);
    return ERR_OK;
}

static float slope_of(const struct layer *sloped, int channel)
{
    if (!sloped)
        return 1;
    if (sloped->kind == LAYER_RELU)
        return 0;
    if (sloped->kind == LAYER_LEAKY_RELU)
        return sloped->negative_slope;
    return sloped->prelu.weight[sloped->prelu.num_parameters > 1 ? channel : 0];
}

/* Packs biases and slopes in the order of the lanes of the weights. */
static void pack_store(const struct stream *s, const struct stream_step *t, const struct lowered *l,
                       const struct layer *sloped, float *bias)
{
    float *slope = bias + (t->slope - t->bias);
    const struct stream_tensor *out = &s->tensors[t->out];
    int phases = t->phases * t->phases;
    bool planes = !out->blocked && t->phases > 1;
    int lanes = out->blocked                    ? (int)blocks_of(out->channels) * LANES
                : planes || out->channels < FEW ? FEW
                                                : out->channels;
    int groups = planes ? out->channels : phases;
    for (int group = 0; group < groups; group++)
        for (int o = 0; o < lanes; o++) {
            int channel = planes ? group : o;
            struct pair phase = phase_at(t, planes ? o : group);
            bool real = channel < out->channels;
            *bias++ = real && l ? lowered_bias(l, phase, channel) : 0;
            *slope++ = real ? slope_of(sloped, l ? channel / (l->fold * l->fold) : channel) : 1;
        }
}

enum err_code stream_pack(const struct stream *s, struct stream_step *t, const struct lowered *l,
                          const struct layer *sloped, struct err *e)
{
    size_t weights, biases, total;
    if (!measure(s, t, l, &weights, &biases) || !size_add(weights, 2 * biases, &total))
        return err_set(e, ERR_MODEL_LIMIT, "a layer's weights are too large to arrange");
    t->weight = mem_calloc(total, sizeof *t->weight);
    if (!t->weight)
        return err_set(e, ERR_MEMORY, "no memory for %zu weights", total);
    t->bias = t->weight + weights;
    t->slope = t->bias + biases;
    pack_store(s, t, l, sloped, t->weight + weights);
    if (t->op == STREAM_WINOGRAD)
        return pack_winograd(t, l, t->weight, e);
    if (t->op == STREAM_CONV)
        pack_conv(t, l, s->tensors[t->in[0].tensor].blocked, t->weight);
    if (t->op == STREAM_PLANES)
        pack_planes(t, l, t->weight);
    if (t->op == STREAM_TALL)
        return pack_tall(t, l, t->weight, e);
    return ERR_OK;
}
