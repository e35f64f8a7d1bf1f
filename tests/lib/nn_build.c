/* nn_build.c - see nn_build.h. */
#include "tests/lib/nn_build.h"

#include <math.h>

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

static float scale_of(size_t terms)
{
    float scale = 1;
    for (size_t reach = 1; reach < terms; reach *= 4)
        scale /= 2;
    return scale;
}

static float *scaled_samples(size_t count, size_t terms, uint64_t *seed)
{
    float *samples = build_samples(count, seed), scale = scale_of(terms);
    for (size_t k = 0; k < count; k++)
        samples[k] *= scale;
    return samples;
}

static size_t terms_of(const struct conv_params *c)
{
    return (size_t)(c->in_channels / c->groups) * (size_t)c->kernel_size.y *
           (size_t)c->kernel_size.x;
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
    size_t terms = terms_of(c);
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

/* Scales the weights of a layer so that the power of its output is `power` times that of its input,
 * and its biases. A random number in -1..1 has a power of a third. */
static void scale_weights(struct layer *l, float power, float bias)
{
    struct conv_params *c = &l->conv;
    size_t terms = terms_of(c), weights = terms * (size_t)c->out_channels;
    bool spreads = l->kind == LAYER_CONV_TRANSPOSE2D;
    float summed = (float)terms / (float)(spreads ? c->stride.y * c->stride.x : 1);
    float factor = sqrtf(3 * power / summed) / scale_of(terms);
    for (size_t k = 0; k < weights; k++)
        c->weight[k] *= factor;
    for (int k = 0; c->bias && k < c->out_channels; k++)
        c->bias[k] *= bias;
}

void build_visible_weights(struct model *m, uint64_t seed, float middle)
{
    struct layer *last = NULL;
    build_all_weights(m, seed);
    for (int i = 0; i < m->layer_count; i++) {
        struct layer *l = &m->layers[i];
        if (l->kind != LAYER_CONV2D && l->kind != LAYER_CONV_TRANSPOSE2D)
            continue;
        last = l;
        scale_weights(l, 1.5f, 0.1f); /* PReLU with random slopes takes a third away */
    }
    for (size_t k = 0; last && k < terms_of(&last->conv) * (size_t)last->conv.out_channels; k++)
        last->conv.weight[k] *= 0.2f;
    for (int k = 0; last && k < last->conv.out_channels; k++)
        last->conv.bias[k] = middle;
}

void check_visible(const unsigned char *one, const unsigned char *other, size_t count)
{
    size_t clamped = 0, differ = 0;
    for (size_t k = 0; k < count; k++) {
        clamped += one[k] == 0 || one[k] == 255;
        differ += one[k] != other[k];
    }
    ck_assert_msg(clamped < count / 4 && differ > count / 2,
                  "of %zu bytes, %zu are 0 or 255, and %zu differ", count, clamped, differ);
}
