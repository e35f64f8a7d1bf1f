/* layers.c - the activations, and the checks that kinds of layers share. */
#include "engine/nn/layers.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "engine/nn/layers_kinds.h"

enum err_code layer_check_range(int i, int value, struct layer_range range, struct err *e)
{
    if (value >= range.least && value <= range.most)
        return ERR_OK;
    return err_set(e, ERR_MODEL, "$.layers[%d].%s: %d to %d expected, not %d", i, range.name,
                   range.least, range.most, value);
}

enum err_code layer_check_pair(int i, struct pair value, struct layer_range range, struct err *e)
{
    enum err_code rc = layer_check_range(i, value.y, range, e);
    return rc ? rc : layer_check_range(i, value.x, range, e);
}

enum err_code plain_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                          struct err *e)
{
    if (l->kind == LAYER_LEAKY_RELU && !isfinite(l->negative_slope))
        return err_set(e, ERR_MODEL, "$.layers[%d].negative_slope: a finite number expected",
                       in->layer);
    *out_channels = in->channels[0];
    return ERR_OK;
}

enum err_code prelu_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                          struct err *e)
{
    int have = l->prelu.num_parameters;
    if (have != 1 && have != in->channels[0])
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].num_parameters: 1 or %d expected (the channels of its "
                       "input), not %d",
                       in->layer, in->channels[0], have);
    if (!l->prelu.weight)
        return err_set(e, ERR_MODEL, "$.layers[%d].weight: %d numbers expected", in->layer, have);
    *out_channels = in->channels[0];
    return ERR_OK;
}

enum err_code clamp_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                          struct err *e)
{
    if (isnan(l->clamp.min) || isnan(l->clamp.max))
        return err_set(e, ERR_MODEL, "$.layers[%d]: numbers expected for min and max", in->layer);
    *out_channels = in->channels[0];
    return ERR_OK;
}

enum err_code affine_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e)
{
    const struct affine_params *p = &l->affine;
    int channels = in->channels[0];
    bool weighted = p->weight && (p->weight_count == 1 || p->weight_count == channels);
    bool biased = p->bias_count == 0 || p->bias_count == 1 || p->bias_count == channels;
    if (!weighted || !biased)
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].%s: 1 or %d numbers expected (the channels of its input), not "
                       "%d",
                       in->layer, weighted ? "bias" : "weight", channels,
                       weighted ? p->bias_count : p->weight_count);
    *out_channels = channels;
    return ERR_OK;
}

static void clamp(const struct clamp_params *p, float *v, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        float low = v[k] < p->min ? p->min : v[k];
        v[k] = low > p->max ? p->max : low;
    }
}

static void prelu(const struct prelu_params *p, float *restrict v, size_t pixels, int channels)
{
    if (p->num_parameters == 1) {
        float slope = p->weight[0];
        for (size_t k = 0; k < pixels * (size_t)channels; k++)
            v[k] = v[k] > 0 ? v[k] : slope * v[k];
        return;
    }
    const float *restrict slopes = p->weight; /* does not overlap the activations */
    for (size_t n = 0; n < pixels; n++, v += channels)
        for (int c = 0; c < channels; c++)
            v[c] = v[c] > 0 ? v[c] : slopes[c] * v[c];
}

static void affine(const struct affine_params *p, float *restrict v, size_t pixels, int channels)
{
    for (size_t n = 0; n < pixels; n++, v += channels)
        for (int c = 0; c < channels; c++) {
            float bias = p->bias_count == 0 ? 0 : p->bias[p->bias_count > 1 ? c : 0];
            v[c] = v[c] * p->weight[p->weight_count > 1 ? c : 0] + bias;
        }
}

/* Hendrycks and Gimpel 2016, "Gaussian Error Linear Units". The second function is their
 * approximation. */
static float gelu(float x)
{
    return 0.5f * x * (1 + erff(x * 0.70710678f));
}

static float gelu_tanh(float x)
{
    return 0.5f * x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
}

/* Misra 2019, "Mish". As in PyTorch, ln(1 + e^x) is x from 20 on, where float32 cannot express the
 * difference. */
static float mish(float x)
{
    return x * tanhf(x > 20 ? x : log1pf(expf(x)));
}

static float hardswish(float x)
{
    float gate = x / 6 + 0.5f;
    gate = gate < 0 ? 0 : gate;
    return x * (gate > 1 ? 1 : gate);
}

/* Loops over all samples. `x` is the sample. */
#define EACH(expression)                                                                           \
    for (size_t k = 0; k < count; k++) {                                                           \
        float x = v[k];                                                                            \
        v[k] = (expression);                                                                       \
    }                                                                                              \
    break

/* The comparisons keep a NaN, as PyTorch's do. Every kind is named, so that a new one does not
 * compile until it is named here. */
void layer_activate(const struct layer *l, float *v, size_t pixels, int channels)
{
    size_t count = pixels * (size_t)channels;
    switch (l->kind) {
    case LAYER_RELU:
        EACH(x < 0 ? 0 : x);
    case LAYER_LEAKY_RELU:
        EACH(x > 0 ? x : l->negative_slope * x);
    case LAYER_PRELU:
        prelu(&l->prelu, v, pixels, channels);
        break;
    case LAYER_SIGMOID:
        EACH(1 / (1 + expf(-x)));
    case LAYER_TANH:
        EACH(tanhf(x));
    case LAYER_CLAMP:
        clamp(&l->clamp, v, count);
        break;
    case LAYER_SILU:
        EACH(x / (1 + expf(-x)));
    case LAYER_GELU:
        EACH(l->gelu == GELU_TANH ? gelu_tanh(x) : gelu(x));
    case LAYER_MISH:
        EACH(mish(x));
    case LAYER_HARDSWISH:
        EACH(hardswish(x));
    case LAYER_AFFINE:
        affine(&l->affine, v, pixels, channels);
        break;
    case LAYER_CONV2D:
    case LAYER_CONV_TRANSPOSE2D:
    case LAYER_ADD:
    case LAYER_MUL:
    case LAYER_CONCAT:
    case LAYER_PIXEL_SHUFFLE:
    case LAYER_PIXEL_UNSHUFFLE:
    case LAYER_UPSAMPLE:
    case LAYER_MAX_POOL2D:
    case LAYER_MAX_UNPOOL2D:
    case LAYER_KINDS:
        assert(false); /* not an activation */
    }
}

void activation_run(const struct layer_run *r)
{
    size_t pixels = (size_t)r->out_shape.width;
    size_t row = pixels * (size_t)r->out_shape.channels;
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        float *out = r->out + (size_t)y * row;
        if (r->out != r->in[0])
            memcpy(out, r->in[0] + (size_t)y * row, row * sizeof *out);
        layer_activate(r->layer, out, pixels, r->out_shape.channels);
    }
}
