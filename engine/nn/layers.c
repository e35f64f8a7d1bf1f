/* layers.c - the table of layer kinds, and the activations. */
#include "engine/nn/layers.h"

#include <math.h>
#include <string.h>

#include "engine/nn/layers_kinds.h"

enum err_code layer_check_range(int i, const char *name, int value, int least, int most,
                                struct err *e)
{
    if (value >= least && value <= most)
        return ERR_OK;
    return err_set(e, ERR_MODEL, "$.layers[%d].%s: %d to %d expected, not %d", i, name, least, most,
                   value);
}

enum err_code layer_check_pair(int i, const char *name, struct pair value, int least, int most,
                               struct err *e)
{
    enum err_code rc = layer_check_range(i, name, value.y, least, most, e);
    return rc ? rc : layer_check_range(i, name, value.x, least, most, e);
}

static enum err_code plain_check(const struct layer *l, int i, const int *in_channels, int in_count,
                                 int *out_channels, struct err *e)
{
    (void)in_count;
    if (l->kind == LAYER_LEAKY_RELU && !isfinite(l->negative_slope))
        return err_set(e, ERR_MODEL, "$.layers[%d].negative_slope: a finite number expected", i);
    *out_channels = in_channels[0];
    return ERR_OK;
}

static enum err_code prelu_check(const struct layer *l, int i, const int *in_channels, int in_count,
                                 int *out_channels, struct err *e)
{
    (void)in_count;
    int have = l->prelu.num_parameters;
    if (have != 1 && have != in_channels[0])
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].num_parameters: 1 or %d expected (the channels of its "
                       "input), not %d",
                       i, in_channels[0], have);
    if (!l->prelu.weight)
        return err_set(e, ERR_MODEL, "$.layers[%d].weight: %d numbers expected", i, have);
    *out_channels = in_channels[0];
    return ERR_OK;
}

static enum err_code clamp_check(const struct layer *l, int i, const int *in_channels, int in_count,
                                 int *out_channels, struct err *e)
{
    (void)in_count;
    if (isnan(l->clamp.min) || isnan(l->clamp.max))
        return err_set(e, ERR_MODEL, "$.layers[%d]: numbers expected for min and max", i);
    *out_channels = in_channels[0];
    return ERR_OK;
}

static void prelu(const struct prelu_params *p, float *restrict v, size_t pixels, int channels)
{
    if (p->num_parameters == 1) {
        float slope = p->weight[0];
        for (size_t k = 0; k < pixels * (size_t)channels; k++)
            v[k] = v[k] > 0 ? v[k] : slope * v[k];
        return;
    }
    const float *restrict slopes = p->weight; /* never part of an activation */
    for (size_t n = 0; n < pixels; n++, v += channels)
        for (int c = 0; c < channels; c++)
            v[c] = v[c] > 0 ? v[c] : slopes[c] * v[c];
}

/* The comparisons let a NaN through, as PyTorch's do. */
void layer_activate(const struct layer *l, float *v, size_t pixels, int channels)
{
    size_t count = pixels * (size_t)channels;
    if (l->kind == LAYER_RELU)
        for (size_t k = 0; k < count; k++)
            v[k] = v[k] < 0 ? 0 : v[k];
    else if (l->kind == LAYER_LEAKY_RELU)
        for (size_t k = 0; k < count; k++)
            v[k] = v[k] > 0 ? v[k] : l->negative_slope * v[k];
    else if (l->kind == LAYER_PRELU)
        prelu(&l->prelu, v, pixels, channels);
    else if (l->kind == LAYER_SIGMOID)
        for (size_t k = 0; k < count; k++)
            v[k] = 1 / (1 + expf(-v[k]));
    else if (l->kind == LAYER_TANH)
        for (size_t k = 0; k < count; k++)
            v[k] = tanhf(v[k]);
    else if (l->kind == LAYER_CLAMP)
        for (size_t k = 0; k < count; k++) {
            float low = v[k] < l->clamp.min ? l->clamp.min : v[k];
            v[k] = low > l->clamp.max ? l->clamp.max : low;
        }
}

static void activation_run(const struct layer_run *r)
{
    size_t pixels = (size_t)r->out_shape.width * (size_t)r->out_shape.height;
    if (r->out != r->in[0])
        memcpy(r->out, r->in[0], pixels * (size_t)r->out_shape.channels * sizeof(float));
    layer_activate(r->layer, r->out, pixels, r->out_shape.channels);
}

#define ACTIVATION(name, checker)                                                                  \
    {                                                                                              \
        .type = name, .activation = true, .check = checker, .run = activation_run                  \
    }

const struct layer_row layer_table[LAYER_KINDS] = {
    [LAYER_CONV2D] = {"conv2d", false, conv2d_check, conv2d_rate, conv2d_size, conv2d_clean,
                      conv2d_whole, conv2d_macs, conv_packed_floats, conv2d_pack, conv2d_run},
    [LAYER_CONV_TRANSPOSE2D] = {"conv_transpose2d", false, conv_transpose2d_check,
                                conv_transpose2d_rate, conv_transpose2d_size,
                                conv_transpose2d_clean, NULL, conv_transpose2d_macs,
                                conv_packed_floats, conv_transpose2d_pack, conv_transpose2d_run},
    [LAYER_RELU] = ACTIVATION("relu", plain_check),
    [LAYER_LEAKY_RELU] = ACTIVATION("leaky_relu", plain_check),
    [LAYER_PRELU] = ACTIVATION("prelu", prelu_check),
    [LAYER_SIGMOID] = ACTIVATION("sigmoid", plain_check),
    [LAYER_TANH] = ACTIVATION("tanh", plain_check),
    [LAYER_CLAMP] = ACTIVATION("clamp", clamp_check),
    [LAYER_ADD] = {"add", false, add_check, NULL, merge_size, merge_clean, NULL, NULL, NULL, NULL,
                   add_run},
    [LAYER_CONCAT] = {"concat", false, concat_check, NULL, merge_size, merge_clean, NULL, NULL,
                      NULL, NULL, concat_run},
    [LAYER_PIXEL_SHUFFLE] = {"pixel_shuffle", false, pixel_shuffle_check, pixel_shuffle_rate,
                             pixel_shuffle_size, pixel_shuffle_clean, NULL, NULL, NULL, NULL,
                             pixel_shuffle_run},
    [LAYER_UPSAMPLE] = {"upsample", false, upsample_check, upsample_rate, upsample_size,
                        upsample_clean, upsample_whole, upsample_macs, NULL, NULL, upsample_run},
    [LAYER_MAX_POOL2D] = {"max_pool2d", false, max_pool2d_check, max_pool2d_rate, max_pool2d_size,
                          max_pool2d_clean, NULL, NULL, NULL, NULL, max_pool2d_run},
    [LAYER_MAX_UNPOOL2D] = {"max_unpool2d", false, max_unpool2d_check, NULL, max_unpool2d_size,
                            max_unpool2d_clean, NULL, NULL, NULL, NULL, max_unpool2d_run},
};
