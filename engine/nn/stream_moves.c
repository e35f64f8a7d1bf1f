/* stream_moves.c - see stream_moves.h. */
#include "engine/nn/stream_moves.h"

#include <math.h>
#include <string.h>

#include "engine/nn/stream_args.h"

enum { LANES = KERNEL_LANES };

void stream_unblock(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t);
    int channels = t->in_channels;
    for (int y = rows.lo; y < rows.hi; y++)
        for (int b = 0; b * LANES < channels; b++) {
            int count = channels - b * LANES < LANES ? channels - b * LANES : LANES;
            for (int c = 0; c < count; c++)
                a->out[c] = stream_row(a, t->out, b * LANES + c, y, x.lo);
            a->s->kernels->unblock(stream_row(a, t->in[0].tensor, b, y, x.lo), a->out, count,
                                   x.hi - x.lo);
        }
}

/* Adds, or multiplies, the inputs of a row of a block or plane, of `count` samples. */
static void merge_row(const struct stream_area *a, const struct stream_step *t, int block, int y,
                      int count)
{
    int x = stream_out_columns(a, t).lo;
    for (int n = 0; n < t->in_count; n++) {
        const struct stream_part *p = &t->in[n];
        a->in[n] = stream_row(a, p->tensor, block, y + p->shift.y, x + p->shift.x);
    }
    struct kernel_merge k = {a->in, t->in_count, t->layer->kind == LAYER_MUL,
                             stream_row(a, t->out, block, y, x)};
    a->s->kernels->merge(&k, count);
}

/* Applies the affine layer to `count` samples. Channels from `first` on alternate by lanes. */
static void affine_row(const struct affine_params *p, int first, int lanes, float *row,
                       size_t count)
{
    for (int lane = 0; lane < lanes; lane++) {
        int c = first + lane;
        if ((p->weight_count > 1 && c >= p->weight_count) ||
            (p->bias_count > 1 && c >= p->bias_count))
            continue; /* no step reads lanes beyond the last channel */
        float weight = p->weight[p->weight_count > 1 ? c : 0];
        float bias = p->bias_count == 0 ? 0 : p->bias[p->bias_count > 1 ? c : 0];
        for (size_t i = (size_t)lane; i < count; i += (size_t)lanes)
            row[i] = row[i] * weight + bias;
    }
}

/* Returns the slopes of block or plane `b`: one for each lane of a vector. */
static const float *slopes_of(const struct stream_step *t, int b, bool blocked, float *same)
{
    if (blocked)
        return t->slope + b * LANES;
    for (int i = 0; i < LANES; i++)
        same[i] = t->slope[b];
    return same;
}

void stream_merge(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    const struct stream_tensor *out = stream_tensor_of(a, t->out);
    int lanes = out->blocked ? LANES : 1;
    int count = (stream_out_columns(a, t).hi - stream_out_columns(a, t).lo) * lanes;
    enum layer_kind kind = t->layer->kind; /* slopes and clamps are in the store */
    bool other = layer_table[kind].activation && kind != LAYER_CLAMP && !stream_is_sloped(t->layer);
    float same[LANES];
    for (int y = rows.lo; y < rows.hi; y++)
        for (int b = 0; b * lanes < out->channels; b++) {
            float *row = stream_row(a, t->out, b, y, stream_out_columns(a, t).lo);
            struct kernel_store store = stream_store_of(t, slopes_of(t, b, out->blocked, same));
            merge_row(a, t, b, y, count);
            if (kind == LAYER_AFFINE)
                affine_row(&t->layer->affine, b * lanes, lanes, row, (size_t)count);
            else if (other)
                layer_activate(t->layer, row, (size_t)count, 1);
            a->s->kernels->finish(&store, row, count);
        }
}

void stream_join(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t);
    size_t bytes = (size_t)(x.hi - x.lo) * sizeof(float);
    for (int y = rows.lo; y < rows.hi; y++) {
        stream_point_in(a, t, y, x.lo, (struct stream_pointers){1, 0, 1});
        for (int c = 0; c < t->in_channels; c++)
            memcpy(stream_row(a, t->out, c, y, x.lo), a->in[c], bytes);
    }
}

/* Plane (c * s + i) * s + j of the input is phase (i, j) of plane c. */
void stream_shuffle(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t);
    struct span qs = stream_step_phases(t, AXIS_Y, rows);
    int s = t->phases, width = x.hi - x.lo;
    for (int q = qs.lo; q < qs.hi && !plan_io_cancelled(a->io); q++) {
        stream_point_in(a, t, q, x.lo, (struct stream_pointers){1, 0, 1});
        for (int k = 0; k < t->in_channels; k += s) {
            int y = q * s + k / s % s + t->origin.y;
            float *out = stream_row(a, t->out, k / (s * s), y, stream_out_columns(a, t).lo);
            a->s->kernels->interleave(a->in + k, s, out, width);
        }
    }
}

/* Plane (c * s + i) * s + j of the output is every s-th sample of every s-th row of plane c. */
void stream_unshuffle(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_out_columns(a, t);
    const struct stream_part *p = &t->in[0];
    int s = t->stride;
    for (int y = rows.lo; y < rows.hi; y++)
        for (int k = 0; k < t->in_channels * s * s; k++) {
            const float *in = stream_row(a, p->tensor, k / (s * s), y * s + k / s % s + p->shift.y,
                                         x.lo * s + k % s + p->shift.x);
            float *out = stream_row(a, t->out, k, y, x.lo);
            for (int i = 0; i < x.hi - x.lo; i++)
                out[i] = in[i * s];
        }
}

/* Returns the weight of tap k (at q + first + k) for phase i of s. */
static float resize_weight(const struct upsample_params *u, int i, int s, int tap)
{
    float at = ((float)i + 0.5f) / (float)s - 0.5f, d = fabsf(at - (float)tap);
    return u->mode == UPSAMPLE_BILINEAR ? (d < 1 ? 1 - d : 0) : upsample_cubic(d);
}

/* Every sample of the row comes `s` times, without a change. */
static void repeat_samples(const struct stream_area *a, const float *from, int s, float *out,
                           int width)
{
    for (int j = 0; j < s; j++)
        a->in[j] = from;
    a->s->kernels->interleave(a->in, s, out, width);
}

static void upsample_row(const struct stream_area *a, const struct stream_step *t, int channel,
                         int q, int phase)
{
    const struct upsample_params *u = &t->layer->upsample;
    struct span x = stream_columns(a, t), in = stream_step_input(t, AXIS_X, x);
    const struct stream_part *p = &t->in[0];
    int s = t->phases, count = in.hi - in.lo;
    float *out = stream_row(a, t->out, channel, q * s + phase, x.lo * s);
    for (int k = 0; k < t->taps.y; k++) {
        float w = resize_weight(u, phase, s, t->first.y + k);
        const float *from =
            stream_row(a, p->tensor, channel, q + t->first.y + k + p->shift.y, in.lo + p->shift.x);
        if (u->mode == UPSAMPLE_NEAREST) { /* there is one tap */
            repeat_samples(a, from, s, out, count);
            return;
        }
        for (int i = 0; i < count; i++)
            a->line[i] = k == 0 ? w * from[i] : a->line[i] + w * from[i];
    }
    for (int j = 0; j < s; j++)
        for (int k = 0; k < t->taps.x; k++) {
            float w = resize_weight(u, j, s, t->first.x + k);
            for (int i = 0; i < x.hi - x.lo; i++)
                out[i * s + j] = (k == 0 ? 0 : out[i * s + j]) + w * a->line[i + k];
        }
}

void stream_upsample(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    for (int y = rows.lo; y < rows.hi; y++)
        for (int c = 0; c < t->in_channels; c++)
            upsample_row(a, t, c, (int)floor_div(y, t->phases),
                         y - (int)floor_div(y, t->phases) * t->phases);
}
