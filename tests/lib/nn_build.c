/* nn_build.c - see nn_build.h. */
#include "tests/lib/nn_build.h"

#include "engine/base/mem.h"
#include "tests/lib/harness.h"

enum { ROOM = 1024 };

struct model *build_model(enum model_color color, int scale, enum model_border border)
{
    struct model *m = mem_calloc(1, sizeof *m);
    m->layers = mem_calloc(ROOM, sizeof *m->layers);
    m->color = color;
    m->scale = scale;
    m->border = border;
    return m;
}

struct layer *build_layer(struct model *m, enum layer_kind kind)
{
    static const struct pair one = {1, 1};
    struct layer *l = &m->layers[m->layer_count];
    l->kind = kind;
    l->input = m->layer_count++ - 1;
    if (kind == LAYER_CONV2D || kind == LAYER_CONV_TRANSPOSE2D) {
        l->conv.groups = 1;
        l->conv.stride = l->conv.dilation = one;
    } else if (kind == LAYER_MAX_POOL2D || kind == LAYER_MAX_UNPOOL2D) {
        l->pool.dilation = one;
    }
    return l;
}

struct layer *build_conv(struct model *m, enum layer_kind kind, int in, int out, int kernel,
                         int stride, int padding)
{
    struct layer *l = build_layer(m, kind);
    l->conv.in_channels = in;
    l->conv.out_channels = out;
    l->conv.kernel_size = (struct pair){kernel, kernel};
    l->conv.stride = (struct pair){stride, stride};
    l->conv.padding = (struct pair){padding, padding};
    return l;
}

struct layer *build_with(struct model *m, enum layer_kind kind, int other)
{
    struct layer *l = build_layer(m, kind);
    l->others[l->other_count++] = other;
    return l;
}

struct layer *build_prelu(struct model *m, int parameters)
{
    struct layer *l = build_layer(m, LAYER_PRELU);
    l->prelu.num_parameters = parameters;
    return l;
}

struct layer *build_pool(struct model *m, enum layer_kind kind, int kernel, int stride)
{
    struct layer *l = build_layer(m, kind);
    l->pool.kernel_size = (struct pair){kernel, kernel};
    l->pool.stride = (struct pair){stride, stride};
    return l;
}

struct layer *build_upsample(struct model *m, int factor, enum upsample_mode mode)
{
    struct layer *l = build_layer(m, LAYER_UPSAMPLE);
    l->upsample.scale_factor = (struct pair){factor, factor};
    l->upsample.mode = mode;
    return l;
}

float *build_samples(size_t count, uint64_t *seed)
{
    float *samples = mem_alloc(count, sizeof *samples);
    for (size_t k = 0; k < count; k++)
        samples[k] = harness_float(seed);
    return samples;
}

static float *scaled_samples(size_t count, size_t terms, uint64_t *seed)
{
    float *samples = build_samples(count, seed);
    float scale = 1;
    for (size_t reach = 1; reach < terms; reach *= 4)
        scale /= 2;
    for (size_t k = 0; k < count; k++)
        samples[k] *= scale;
    return samples;
}

void build_weights(struct layer *l, bool bias, uint64_t *seed)
{
    if (l->kind == LAYER_PRELU)
        l->prelu.weight = build_samples((size_t)l->prelu.num_parameters, seed);
    if (l->kind == LAYER_AFFINE) {
        l->affine.weight = build_samples((size_t)l->affine.weight_count, seed);
        if (l->affine.bias_count)
            l->affine.bias = build_samples((size_t)l->affine.bias_count, seed);
    }
    if (l->kind != LAYER_CONV2D && l->kind != LAYER_CONV_TRANSPOSE2D)
        return;
    struct conv_params *c = &l->conv;
    size_t terms =
        (size_t)(c->in_channels / c->groups) * (size_t)c->kernel_size.y * (size_t)c->kernel_size.x;
    c->weight = scaled_samples(terms * (size_t)c->out_channels, terms, seed);
    if (bias)
        c->bias = build_samples((size_t)c->out_channels, seed);
}

void build_all_weights(struct model *m, uint64_t seed)
{
    for (int i = 0; i < m->layer_count; i++) {
        struct layer *l = &m->layers[i];
        bool conv = l->kind == LAYER_CONV2D || l->kind == LAYER_CONV_TRANSPOSE2D;
        if ((conv && !l->conv.weight) || (l->kind == LAYER_PRELU && !l->prelu.weight) ||
            (l->kind == LAYER_AFFINE && !l->affine.weight))
            build_weights(l, true, &seed);
    }
}
