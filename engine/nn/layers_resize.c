/* layers_resize.c - pixel_shuffle, pixel_unshuffle and upsample: nearest, bilinear, bicubic.
 *
 * Along one axis, output sample i of n * f lies at input position (i + 1/2) / f - 1/2, or, with
 * align_corners, at i (n - 1) / (n f - 1). Positions are fractions of whole numbers, so that
 * weights depend only on i mod f and are the same wherever a window lies. */
#include <string.h>

#include "engine/nn/layers_kinds.h"

enum err_code pixel_shuffle_check(const struct layer *l, const struct layer_inputs *in,
                                  int *out_channels, struct err *e)
{
    int factor = l->upscale_factor;
    enum err_code rc = layer_check_range(
        in->layer, factor, (struct layer_range){"upscale_factor", 1, LAYER_MAX_STRIDE}, e);
    if (!rc && in->channels[0] % (factor * factor) != 0)
        rc = err_set(e, ERR_MODEL,
                     "$.layers[%d].upscale_factor: %d squared does not divide the %d channels of "
                     "its input",
                     in->layer, factor, in->channels[0]);
    if (!rc)
        *out_channels = in->channels[0] / (factor * factor);
    return rc;
}

void pixel_shuffle_rate(const struct layer *l, enum axis axis, int *up, int *down)
{
    (void)axis;
    *up = l->upscale_factor;
    *down = 1;
}

int64_t pixel_shuffle_size(const struct layer *l, enum axis axis, const struct extent *in,
                           int in_count)
{
    (void)axis, (void)in_count;
    return in[0].size * l->upscale_factor;
}

void pixel_shuffle_clean(const struct layer *l, enum axis axis, const struct extent *in,
                         int in_count, struct extent *out)
{
    (void)axis, (void)in_count;
    out->lo = in[0].lo * l->upscale_factor;
    out->hi = in[0].hi * l->upscale_factor;
}

/* Input channel (c * f + i) * f + j is channel c of the output pixels (f y + i, f x + j). */
void pixel_shuffle_run(const struct layer_run *r)
{
    int f = r->layer->upscale_factor;
    int channels = r->out_shape.channels;
    const float *in = r->in[0];
    size_t row = (size_t)r->out_shape.width * (size_t)channels;
    for (int y = 0; y < r->in_shape[0].height; y++)
        for (int x = 0; x < r->in_shape[0].width; x++) {
            float *out = r->out + (size_t)y * (size_t)f * row + (size_t)x * (size_t)(f * channels);
            for (int c = 0; c < channels; c++)
                for (int i = 0; i < f; i++)
                    for (int j = 0; j < f; j++)
                        out[(size_t)i * row + (size_t)(j * channels + c)] = *in++;
        }
}

enum err_code pixel_unshuffle_check(const struct layer *l, const struct layer_inputs *in,
                                    int *out_channels, struct err *e)
{
    int factor = l->downscale_factor, most = LAYER_MAX_CHANNELS;
    enum err_code rc = layer_check_range(
        in->layer, factor, (struct layer_range){"downscale_factor", 1, LAYER_MAX_STRIDE}, e);
    if (!rc && in->channels[0] > most / (factor * factor))
        rc = err_set(e, ERR_MODEL,
                     "$.layers[%d].downscale_factor: at most %d channels expected, not %d times "
                     "%d squared",
                     in->layer, most, in->channels[0], factor);
    if (!rc)
        *out_channels = in->channels[0] * factor * factor;
    return rc;
}

void pixel_unshuffle_rate(const struct layer *l, enum axis axis, int *up, int *down)
{
    (void)axis;
    *up = 1;
    *down = l->downscale_factor;
}

int64_t pixel_unshuffle_size(const struct layer *l, enum axis axis, const struct extent *in,
                             int in_count)
{
    (void)axis, (void)in_count;
    return in[0].size / l->downscale_factor;
}

void pixel_unshuffle_clean(const struct layer *l, enum axis axis, const struct extent *in,
                           int in_count, struct extent *out)
{
    (void)axis, (void)in_count;
    out->lo = ceil_div(in[0].lo, l->downscale_factor);
    out->hi = floor_div(in[0].hi, l->downscale_factor);
}

/* Channel (c * f + i) * f + j of the output is channel c of the input pixels (f y + i, f x + j). */
void pixel_unshuffle_run(const struct layer_run *r)
{
    int f = r->layer->downscale_factor, channels = r->in_shape[0].channels;
    size_t row = (size_t)r->in_shape[0].width * (size_t)channels;
    float *out = r->out;
    for (int y = 0; y < r->out_shape.height; y++)
        for (int x = 0; x < r->out_shape.width; x++) {
            const float *in =
                r->in[0] + (size_t)y * (size_t)f * row + (size_t)x * (size_t)(f * channels);
            for (int c = 0; c < channels; c++)
                for (int i = 0; i < f; i++)
                    for (int j = 0; j < f; j++)
                        *out++ = in[(size_t)i * row + (size_t)(j * channels + c)];
        }
}

enum err_code upsample_check(const struct layer *l, const struct layer_inputs *in,
                             int *out_channels, struct err *e)
{
    const struct upsample_params *u = &l->upsample;
    enum err_code rc = layer_check_pair(
        in->layer, u->scale_factor, (struct layer_range){"scale_factor", 1, LAYER_MAX_STRIDE}, e);
    if (!rc && u->mode == UPSAMPLE_NEAREST && u->align_corners)
        rc = err_set(e, ERR_MODEL,
                     "$.layers[%d].align_corners: false expected, because mode is nearest",
                     in->layer);
    *out_channels = in->channels[0];
    return rc;
}

void upsample_rate(const struct layer *l, enum axis axis, int *up, int *down)
{
    *up = pair_at(l->upsample.scale_factor, axis);
    *down = 1;
}

int64_t upsample_size(const struct layer *l, enum axis axis, const struct extent *in, int in_count)
{
    (void)in_count;
    return in[0].size * pair_at(l->upsample.scale_factor, axis);
}

bool upsample_whole(const struct layer *l)
{
    return l->upsample.align_corners;
}

double upsample_macs(const struct layer *l, int channels)
{
    static const int taps[] = {
        [UPSAMPLE_NEAREST] = 0, [UPSAMPLE_BILINEAR] = 4, [UPSAMPLE_BICUBIC] = 16};
    return (double)taps[l->upsample.mode] * channels;
}

/* Sample i reads from floor(position) - before to floor(position) + after, where position is
 * (2 i + 1 - f) / 2 f. With align_corners the range is not used, because `whole` is set. */
void upsample_clean(const struct layer *l, enum axis axis, const struct extent *in, int in_count,
                    struct extent *out)
{
    (void)in_count;
    static const struct {
        int before, after;
    } reach[] = {[UPSAMPLE_BILINEAR] = {0, 1}, [UPSAMPLE_BICUBIC] = {1, 2}};
    enum upsample_mode mode = l->upsample.mode;
    int64_t f = pair_at(l->upsample.scale_factor, axis);
    if (mode == UPSAMPLE_NEAREST) {
        out->lo = in[0].lo * f;
        out->hi = in[0].hi * f;
        return;
    }
    out->lo = ceil_div(2 * f * (in[0].lo + reach[mode].before) + f - 1, 2);
    out->hi = ceil_div(2 * f * (in[0].hi - reach[mode].after) + f - 1, 2);
}

/* The input samples of one output sample along one axis. */
struct source {
    int count;
    int at[4];
    float weight[4];
};

float upsample_cubic(float d)
{
    const float a = -0.75f;
    if (d <= 1)
        return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

static void bicubic_weights(float t, float weight[4])
{
    for (int k = 0; k < 4; k++)
        weight[k] = upsample_cubic(k < 2 ? t + (float)(1 - k) : (float)(k - 1) - t);
}

static struct source upsample_source(const struct upsample_params *u, int factor, int i, int n)
{
    struct source s = {1, {i / factor}, {1}};
    if (u->mode == UPSAMPLE_NEAREST)
        return s;
    int64_t numerator = u->align_corners ? (int64_t)i * (n - 1) : 2 * (int64_t)i + 1 - factor;
    int64_t denominator = u->align_corners ? (int64_t)n * factor - 1 : 2 * (int64_t)factor;
    if (denominator == 0) /* one sample from one: position 0 */
        denominator = 1;
    if (numerator < 0 && u->mode == UPSAMPLE_BILINEAR)
        numerator = 0;
    int64_t base = floor_div(numerator, denominator);
    float t = (float)(numerator - base * denominator) / (float)denominator;
    if (u->mode == UPSAMPLE_BILINEAR) {
        s = (struct source){2, {(int)base, (int)base + 1}, {1 - t, t}};
    } else {
        s = (struct source){4, {(int)base - 1, (int)base, (int)base + 1, (int)base + 2}, {0}};
        bicubic_weights(t, s.weight);
    }
    for (int k = 0; k < s.count; k++)
        s.at[k] = s.at[k] < 0 ? 0 : s.at[k] >= n ? n - 1 : s.at[k];
    return s;
}

static void upsample_pixel(const struct layer_run *r, const struct source *sy,
                           const struct source *sx, float *out)
{
    size_t channels = (size_t)r->out_shape.channels;
    size_t row = (size_t)r->in_shape[0].width * channels;
    for (size_t c = 0; c < channels; c++) {
        float sum = 0;
        for (int j = 0; j < sy->count; j++) {
            const float *in = r->in[0] + (size_t)sy->at[j] * row + c;
            float line = 0;
            for (int k = 0; k < sx->count; k++)
                line += sx->weight[k] * in[(size_t)sx->at[k] * channels];
            sum += sy->weight[j] * line;
        }
        out[c] = sum;
    }
}

void upsample_run(const struct layer_run *r)
{
    const struct upsample_params *u = &r->layer->upsample;
    float *out = r->out;
    for (int y = 0; y < r->out_shape.height && !layer_is_cancelled(r->cancel); y++) {
        struct source sy = upsample_source(u, u->scale_factor.y, y, r->in_shape[0].height);
        for (int x = 0; x < r->out_shape.width; x++, out += r->out_shape.channels) {
            struct source sx = upsample_source(u, u->scale_factor.x, x, r->in_shape[0].width);
            upsample_pixel(r, &sy, &sx, out);
        }
    }
}
