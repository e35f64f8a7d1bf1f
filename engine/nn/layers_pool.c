/* layers_pool.c - max_pool2d, which can report the positions of its maxima, and max_unpool2d, which
 * puts values back at these positions.
 *
 * If overlapping windows share a maximum, several values of max_unpool2d have the same position.
 * Then the last one in reading order remains. (PyTorch does not define this; its CPU code on one
 * thread does the same.) */
#include <math.h>
#include <string.h>

#include "engine/nn/layers_kinds.h"

static enum err_code check_steps(const struct pool_params *p, int i, struct err *e)
{
    enum err_code rc = layer_check_pair(
        i, p->kernel_size, (struct layer_range){"kernel_size", 1, LAYER_MAX_KERNEL}, e);
    return rc ? rc
              : layer_check_pair(i, p->stride, (struct layer_range){"stride", 1, LAYER_MAX_STRIDE},
                                 e);
}

enum err_code max_pool2d_check(const struct layer *l, const struct layer_inputs *in,
                               int *out_channels, struct err *e)
{
    const struct pool_params *p = &l->pool;
    enum err_code rc = check_steps(p, in->layer, e);
    if (!rc)
        rc = layer_check_pair(in->layer, p->dilation,
                              (struct layer_range){"dilation", 1, LAYER_MAX_DILATION}, e);
    if (!rc)
        rc = layer_check_range(in->layer, p->padding.y,
                               (struct layer_range){"padding", 0, p->kernel_size.y / 2}, e);
    if (!rc)
        rc = layer_check_range(in->layer, p->padding.x,
                               (struct layer_range){"padding", 0, p->kernel_size.x / 2}, e);
    *out_channels = in->channels[0];
    return rc;
}

void max_pool2d_rate(const struct layer *l, enum axis axis, int *up, int *down)
{
    *up = 1;
    *down = pair_at(l->pool.stride, axis);
}

/* In ceil_mode, the samples of the last, partial step make one more window, if it begins inside the
 * input or its left padding. */
int64_t max_pool2d_size(const struct layer *l, enum axis axis, const struct extent *in,
                        int in_count)
{
    (void)in_count;
    int64_t n = in[0].size, stride = pair_at(l->pool.stride, axis);
    int64_t padding = pair_at(l->pool.padding, axis), dilation = pair_at(l->pool.dilation, axis);
    int64_t reach = dilation * (pair_at(l->pool.kernel_size, axis) - 1);
    if (padding > 0 && n < dilation)
        return 0; /* a window could miss the whole input and have no maximum */
    int64_t room = n + 2 * padding - reach - 1;
    int64_t size = floor_div(room + (l->pool.ceil_mode ? stride - 1 : 0), stride) + 1;
    if (l->pool.ceil_mode && (size - 1) * stride >= n + padding)
        size--;
    return size;
}

void max_pool2d_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                      struct extent *out)
{
    (void)in_count;
    int64_t stride = pair_at(l->pool.stride, axis), padding = pair_at(l->pool.padding, axis);
    int64_t reach = pair_at(l->pool.dilation, axis) * (pair_at(l->pool.kernel_size, axis) - 1);
    out->lo = ceil_div(in[0].lo + padding, stride);
    out->hi = floor_div(in[0].hi - 1 + padding - reach, stride) + 1;
}

/* One axis of a window: the positions first, first + step, ... below end. */
struct window {
    int first, step, end;
};

static struct window window_at(const struct pool_params *p, enum axis axis, int i, int size)
{
    int dilation = pair_at(p->dilation, axis);
    struct window w = {i * pair_at(p->stride, axis) - pair_at(p->padding, axis), dilation, 0};
    w.end = w.first + (pair_at(p->kernel_size, axis) - 1) * dilation + 1;
    if (w.end > size)
        w.end = size;
    while (w.first < 0)
        w.first += dilation;
    return w;
}

/* Finds the first maximum in reading order. A NaN counts as larger than any number, and of several
 * the last one is taken. */
static void pool_pixel(const struct layer_run *r, struct window wy, struct window wx, float *out,
                       int32_t *indices)
{
    size_t channels = (size_t)r->out_shape.channels;
    int width = r->in_shape[0].width;
    for (size_t c = 0; c < channels; c++) {
        float best = -INFINITY;
        int at = wy.first * width + wx.first;
        for (int y = wy.first; y < wy.end; y += wy.step)
            for (int x = wx.first; x < wx.end; x += wx.step) {
                float v = r->in[0][(size_t)(y * width + x) * channels + c];
                if (v > best || isnan(v)) {
                    best = v;
                    at = y * width + x;
                }
            }
        out[c] = best;
        if (indices)
            indices[c] = at;
    }
}

void max_pool2d_run(const struct layer_run *r)
{
    const struct pool_params *p = &r->layer->pool;
    size_t at = 0;
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        struct window wy = window_at(p, AXIS_Y, y, r->in_shape[0].height);
        for (int x = 0; x < r->out_shape.width; x++, at += (size_t)r->out_shape.channels) {
            struct window wx = window_at(p, AXIS_X, x, r->in_shape[0].width);
            pool_pixel(r, wy, wx, r->out + at, r->indices ? r->indices + at : NULL);
        }
    }
}

enum err_code max_unpool2d_check(const struct layer *l, const struct layer_inputs *in,
                                 int *out_channels, struct err *e)
{
    const struct pool_params *p = &l->pool;
    enum err_code rc = check_steps(p, in->layer, e);
    if (!rc)
        rc = layer_check_pair(in->layer, p->padding,
                              (struct layer_range){"padding", 0, LAYER_MAX_PADDING}, e);
    if (!rc && in->channels[0] != in->channels[1])
        rc = err_set(e, ERR_MODEL,
                     "$.layers[%d].indices: a max_pool2d of %d channels expected, not of %d",
                     in->layer, in->channels[0], in->channels[1]);
    *out_channels = in->channels[0];
    return rc;
}

/* Returns the size of the pool's input, which is PyTorch's output_size. Returns 0 if the values do
 * not match the indices, or if PyTorch would refuse that output_size: it must differ by less than a
 * stride from the least size that pooling with these parameters can come from. */
int64_t max_unpool2d_size(const struct layer *l, enum axis axis, const struct extent *in,
                          int in_count)
{
    (void)in_count;
    int64_t stride = pair_at(l->pool.stride, axis);
    int64_t usual = (in[0].size - 1) * stride + pair_at(l->pool.kernel_size, axis) -
                    2 * pair_at(l->pool.padding, axis);
    bool fits =
        in[0].size == in[1].size && in[2].size > usual - stride && in[2].size < usual + stride;
    return fits ? in[2].size : 0;
}

/* A sample is clean if every window over it has a known maximum and a known value. The parameters
 * are those of the pool, dilation included; model_finish ensures this. */
void max_unpool2d_clean(const struct layer *l, enum axis axis, const struct extent *in,
                        int in_count, struct extent *out)
{
    (void)in_count;
    int64_t stride = pair_at(l->pool.stride, axis), padding = pair_at(l->pool.padding, axis);
    int64_t reach = pair_at(l->pool.dilation, axis) * (pair_at(l->pool.kernel_size, axis) - 1);
    int64_t lo = in[0].lo > in[1].lo ? in[0].lo : in[1].lo;
    int64_t hi = in[0].hi < in[1].hi ? in[0].hi : in[1].hi;
    out->lo = (lo - 1) * stride + reach - padding + 1;
    out->hi = hi * stride - padding;
}

void max_unpool2d_run(const struct layer_run *r)
{
    size_t channels = (size_t)r->out_shape.channels;
    size_t outputs = (size_t)r->out_shape.width * (size_t)r->out_shape.height * channels;
    size_t inputs = (size_t)r->in_shape[0].width * (size_t)r->in_shape[0].height;
    memset(r->out, 0, outputs * sizeof *r->out);
    for (size_t n = 0; n < inputs; n++)
        for (size_t c = 0; c < channels; c++)
            r->out[(size_t)r->indices[n * channels + c] * channels + c] =
                r->in[0][n * channels + c];
}
