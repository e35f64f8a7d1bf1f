/* layers_merge.c - add, mul and concat. Inputs of different sizes are cropped to the smallest one
 * around its centre: floor(difference / 2) samples are left out at the top and at the left. */
#include <string.h>

#include "engine/nn/layers_kinds.h"

static enum err_code merge_check(int i, int in_count, struct err *e)
{
    if (in_count < 2)
        return err_set(e, ERR_MODEL, "$.layers[%d].with: at least one earlier layer expected", i);
    return ERR_OK;
}

enum err_code add_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                        struct err *e)
{
    enum err_code rc = merge_check(in->layer, in->count, e);
    for (int k = 1; !rc && k < in->count; k++)
        if (in->channels[k] != in->channels[0])
            rc = err_set(e, ERR_MODEL,
                         "$.layers[%d].with: a layer of %d channels expected, like the one it is "
                         "%s, not of %d",
                         in->layer, in->channels[0],
                         l->kind == LAYER_MUL ? "multiplied with" : "added to", in->channels[k]);
    *out_channels = in->channels[0];
    return rc;
}

enum err_code concat_check(const struct layer *l, const struct layer_inputs *in, int *out_channels,
                           struct err *e)
{
    (void)l;
    enum err_code rc = merge_check(in->layer, in->count, e);
    int sum = 0; /* of at most LAYER_INPUTS_MAX * LAYER_MAX_CHANNELS */
    for (int k = 0; k < in->count; k++)
        sum += in->channels[k];
    if (!rc && sum > LAYER_MAX_CHANNELS)
        rc = err_set(e, ERR_MODEL, "$.layers[%d]: at most %d channels expected, not %d", in->layer,
                     LAYER_MAX_CHANNELS, sum);
    *out_channels = sum;
    return rc;
}

int64_t merge_size(const struct layer *l, enum axis axis, const struct extent *in, int in_count)
{
    (void)l, (void)axis;
    int64_t size = in[0].size;
    for (int k = 1; k < in_count; k++)
        size = in[k].size < size ? in[k].size : size;
    return size;
}

void merge_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                 struct extent *out)
{
    (void)l, (void)axis;
    out->lo = 0;
    out->hi = out->size;
    for (int k = 0; k < in_count; k++) {
        int64_t crop = (in[k].size - out->size) / 2;
        out->lo = in[k].lo - crop > out->lo ? in[k].lo - crop : out->lo;
        out->hi = in[k].hi - crop < out->hi ? in[k].hi - crop : out->hi;
    }
}

/* Returns the first sample of row y of input k after cropping. */
static const float *cropped_row(const struct layer_run *r, int k, int y)
{
    const struct shape *s = &r->in_shape[k];
    size_t top = (size_t)(s->height - r->out_shape.height) / 2;
    size_t left = (size_t)(s->width - r->out_shape.width) / 2;
    return r->in[k] + ((top + (size_t)y) * (size_t)s->width + left) * (size_t)s->channels;
}

void add_run(const struct layer_run *r)
{
    size_t row = (size_t)r->out_shape.width * (size_t)r->out_shape.channels;
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        float *restrict out = r->out + (size_t)y * row; /* only activations run in place */
        memcpy(out, cropped_row(r, 0, y), row * sizeof *out);
        for (int k = 1; k < r->in_count; k++) {
            const float *restrict in = cropped_row(r, k, y);
            for (size_t n = 0; n < row; n++)
                out[n] += in[n];
        }
    }
}

void mul_run(const struct layer_run *r)
{
    size_t row = (size_t)r->out_shape.width * (size_t)r->out_shape.channels;
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        float *restrict out = r->out + (size_t)y * row;
        memcpy(out, cropped_row(r, 0, y), row * sizeof *out);
        for (int k = 1; k < r->in_count; k++) {
            const float *restrict in = cropped_row(r, k, y);
            for (size_t n = 0; n < row; n++)
                out[n] *= in[n];
        }
    }
}

void concat_run(const struct layer_run *r)
{
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        size_t done = 0;
        size_t stride = (size_t)r->out_shape.channels;
        float *out = r->out + (size_t)y * (size_t)r->out_shape.width * stride;
        for (int k = 0; k < r->in_count; k++) {
            size_t channels = (size_t)r->in_shape[k].channels;
            const float *in = cropped_row(r, k, y);
            for (size_t x = 0; x < (size_t)r->out_shape.width; x++)
                memcpy(out + x * stride + done, in + x * channels, channels * sizeof *out);
            done += channels;
        }
    }
}
