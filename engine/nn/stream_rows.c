/* stream_rows.c - see stream_rows.h. It turns steps into arguments of kernels. */
#include "engine/nn/stream_rows.h"

#include <math.h>
#include <string.h>

enum { LANES = KERNEL_LANES, FEW = 4 };

/* The multiply-adds of one call of a kernel, and the limits of its number of tiles. */
static const double CALL_MACS = 2e9;
enum { LEAST_TILES = 28, MOST_TILES = 1 << 20 };

static const struct stream_tensor *tensor_of(const struct stream_area *a, int tensor)
{
    return &a->s->tensors[tensor];
}

static int out_blocks(const struct stream_area *a, const struct stream_step *t)
{
    return (tensor_of(a, t->out)->channels + LANES - 1) / LANES;
}

/* Returns the columns of its output that the step makes. */
static struct span out_columns(const struct stream_area *a, const struct stream_step *t)
{
    return stream_area_within(a, t, AXIS_X, a->x[t->out]);
}

/* Returns the columns of phases that make them. */
static struct span columns(const struct stream_area *a, const struct stream_step *t)
{
    return stream_step_phases(t, AXIS_X, out_columns(a, t));
}

/* The number of rows of taps at which point_in points, and the distances between pointers: from row
 * to row, and from one block or plane of a row to the next. */
struct pointers {
    int rows, next_row, next_block;
};

/* Sets pointers to the first tap for the row and column of phases at (y, x). */
static void point_in(const struct stream_area *a, const struct stream_step *t, int y, int x,
                     struct pointers how)
{
    for (int ky = 0; ky < how.rows; ky++) {
        const float **to = a->in + (size_t)ky * (size_t)how.next_row;
        for (int n = 0; n < t->in_count; n++) {
            const struct stream_part *p = &t->in[n];
            int blocks = stream_blocks(tensor_of(a, p->tensor));
            for (int b = 0; b < blocks; b++, to += how.next_block)
                *to = stream_row(a, p->tensor, b, y + t->first.y + ky + p->shift.y,
                                 x + t->first.x + p->shift.x);
        }
    }
}

static int in_blocks(const struct stream_area *a, const struct stream_step *t)
{
    bool blocked = tensor_of(a, t->in[0].tensor)->blocked;
    return blocked ? (t->in_channels + LANES - 1) / LANES : t->in_channels;
}

/* Returns the row of the added tensor that belongs to sample (y, x) of the output, or NULL. */
static const float *added(const struct stream_area *a, const struct stream_step *t, int block,
                          int y, int x)
{
    if (t->add.tensor < 0)
        return NULL;
    return stream_row(a, t->add.tensor, block, y + t->add.shift.y, x + t->add.shift.x);
}

static struct kernel_store store_of(const struct stream_step *t, const float *slope)
{
    return (struct kernel_store){slope, t->lo, t->hi, t->add_first};
}

/* Computes one row of one phase, for all blocks of channels. */
static void conv_phase(const struct stream_area *a, const struct stream_step *t, int q, int phase)
{
    struct span x = columns(a, t);
    int blocks = out_blocks(a, t), s = t->phases, y = q * s + phase / s + t->origin.y;
    int first = out_columns(a, t).lo + phase % s;
    bool planar = !tensor_of(a, t->in[0].tensor)->blocked;
    struct kernel_conv k = {.in = a->in,
                            .in_channels = t->in_channels,
                            .kernel_y = t->taps.y,
                            .kernel_x = t->taps.x,
                            .step = LANES * s,
                            .width = x.hi - x.lo};
    for (int b = 0; b < blocks && !plan_io_cancelled(a->io); b++) {
        size_t lanes = ((size_t)phase * (size_t)blocks + (size_t)b) * LANES;
        k.weight = t->weight + lanes / LANES * (t->phase_floats / (size_t)blocks);
        k.bias = t->bias + lanes;
        k.store = store_of(t, t->slope + lanes);
        k.add = added(a, t, b, y, first);
        k.out = stream_row(a, t->out, b, y, first);
        (planar ? a->s->kernels->conv_planar : a->s->kernels->conv_blocked)(&k);
    }
}

static void run_conv(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    int blocks = in_blocks(a, t);
    struct span qs = stream_step_phases(t, AXIS_Y, rows);
    for (int q = qs.lo; q < qs.hi && !plan_io_cancelled(a->io); q++) {
        point_in(a, t, q, columns(a, t).lo, (struct pointers){t->taps.y, blocks, 1});
        for (int phase = 0; phase < t->phases * t->phases; phase++)
            conv_phase(a, t, q, phase);
    }
}

/* Returns the tiles of one call of the kernel. Between calls, the run ends if it was cancelled. So
 * a call takes at most some hundredths of a second, or is one group of tiles. */
static int tiles_a_call(const struct stream_step *t)
{
    double tiles = CALL_MACS / (STREAM_GRID * STREAM_GRID * t->macs);
    return tiles < LEAST_TILES ? LEAST_TILES : tiles > MOST_TILES ? MOST_TILES : (int)tiles;
}

/* Computes a row of `tiles` tiles from (y, x) on. */
static void winograd_row(const struct stream_area *a, const struct stream_step *t,
                         struct kernel_winograd k, int y, int x)
{
    point_in(a, t, y, x, (struct pointers){STREAM_GRID + 2, in_blocks(a, t), 1});
    for (int i = 0; i < STREAM_GRID * k.out_blocks; i++) {
        a->out[i] = stream_row(a, t->out, i % k.out_blocks, y + i / k.out_blocks, x);
        a->add[i] = added(a, t, i % k.out_blocks, y + i / k.out_blocks, x);
    }
    a->s->kernels->winograd(&k);
}

static void run_winograd(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = columns(a, t);
    struct kernel_winograd k = {.in = a->in,
                                .in_channels = t->in_channels,
                                .out_blocks = out_blocks(a, t),
                                .weight = t->weight,
                                .bias = t->bias,
                                .store = store_of(t, t->slope),
                                .add = t->add.tensor < 0 ? NULL : a->add,
                                .out = a->out,
                                .scratch = a->winograd};
    int most = tiles_a_call(t), all = (x.hi - x.lo) / STREAM_GRID;
    for (int y = rows.lo; y < rows.hi; y += STREAM_GRID)
        for (int done = 0; done < all && !plan_io_cancelled(a->io); done += k.tiles) {
            k.tiles = all - done < most ? all - done : most;
            winograd_row(a, t, k, y, x.lo + done * STREAM_GRID);
        }
}

/* Computes group g of planes: the phases of channel g, or all channels. */
static void planes_group(const struct stream_area *a, const struct stream_step *t, int q, int g)
{
    struct span x = columns(a, t);
    bool phased = t->phases > 1;
    int rows = phased ? t->phases : tensor_of(a, t->out)->channels;
    for (int i = 0; i < rows; i++) {
        int plane = phased ? g : i, y = phased ? q * t->phases + i + t->origin.y : q;
        a->out[i] = stream_row(a, t->out, plane, y, out_columns(a, t).lo);
        a->add[i] = added(a, t, plane, y, out_columns(a, t).lo);
    }
    size_t lanes = (size_t)g * FEW;
    size_t taps = (size_t)(t->taps.y * t->taps.x) * (size_t)t->in_channels;
    struct kernel_planes k = {.in = a->in,
                              .in_channels = t->in_channels,
                              .kernel_y = t->taps.y,
                              .kernel_x = t->taps.x,
                              .outs = phased ? FEW : rows,
                              .weight = t->weight + lanes * taps,
                              .bias = t->bias + lanes,
                              .store = store_of(t, t->slope + lanes),
                              .add = t->add.tensor < 0 ? NULL : a->add,
                              .out = a->out,
                              .interleave = phased,
                              .width = x.hi - x.lo};
    a->s->kernels->planes(&k);
}

static void run_planes(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    int groups = t->phases > 1 ? tensor_of(a, t->out)->channels : 1;
    struct span qs = stream_step_phases(t, AXIS_Y, rows);
    for (int q = qs.lo; q < qs.hi && !plan_io_cancelled(a->io); q++) {
        point_in(a, t, q, columns(a, t).lo, (struct pointers){t->taps.y, 1, t->taps.y});
        for (int g = 0; g < groups && !plan_io_cancelled(a->io); g++)
            planes_group(a, t, q, g);
    }
}

static void run_unblock(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = columns(a, t);
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
    int x = out_columns(a, t).lo;
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

static void run_merge(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    const struct stream_tensor *out = tensor_of(a, t->out);
    int lanes = out->blocked ? LANES : 1;
    int count = (out_columns(a, t).hi - out_columns(a, t).lo) * lanes;
    enum layer_kind kind = t->layer->kind; /* slopes and clamps are in the store */
    bool other = layer_table[kind].activation && kind != LAYER_CLAMP && !stream_is_sloped(t->layer);
    float same[LANES];
    for (int y = rows.lo; y < rows.hi; y++)
        for (int b = 0; b * lanes < out->channels; b++) {
            float *row = stream_row(a, t->out, b, y, out_columns(a, t).lo);
            struct kernel_store store = store_of(t, slopes_of(t, b, out->blocked, same));
            merge_row(a, t, b, y, count);
            if (kind == LAYER_AFFINE)
                affine_row(&t->layer->affine, b * lanes, lanes, row, (size_t)count);
            else if (other)
                layer_activate(t->layer, row, (size_t)count, 1);
            a->s->kernels->finish(&store, row, count);
        }
}

static void run_join(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = columns(a, t);
    size_t bytes = (size_t)(x.hi - x.lo) * sizeof(float);
    for (int y = rows.lo; y < rows.hi; y++) {
        point_in(a, t, y, x.lo, (struct pointers){1, 0, 1});
        for (int c = 0; c < t->in_channels; c++)
            memcpy(stream_row(a, t->out, c, y, x.lo), a->in[c], bytes);
    }
}

/* Plane (c * s + i) * s + j of the input is phase (i, j) of plane c. */
static void run_shuffle(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = columns(a, t);
    struct span qs = stream_step_phases(t, AXIS_Y, rows);
    int s = t->phases, width = x.hi - x.lo;
    for (int q = qs.lo; q < qs.hi && !plan_io_cancelled(a->io); q++) {
        point_in(a, t, q, x.lo, (struct pointers){1, 0, 1});
        for (int k = 0; k < t->in_channels; k += s) {
            int y = q * s + k / s % s + t->origin.y;
            float *out = stream_row(a, t->out, k / (s * s), y, out_columns(a, t).lo);
            a->s->kernels->interleave(a->in + k, s, out, width);
        }
    }
}

/* Plane (c * s + i) * s + j of the output is every s-th sample of every s-th row of plane c. */
static void run_unshuffle(const struct stream_area *a, const struct stream_step *t,
                          struct span rows)
{
    struct span x = out_columns(a, t);
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
    struct span x = columns(a, t), in = stream_step_input(t, AXIS_X, x);
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

static void run_upsample(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    for (int y = rows.lo; y < rows.hi; y++)
        for (int c = 0; c < t->in_channels; c++)
            upsample_row(a, t, c, (int)floor_div(y, t->phases),
                         y - (int)floor_div(y, t->phases) * t->phases);
}

void stream_rows(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    static void (*const run[])(const struct stream_area *, const struct stream_step *,
                               struct span) = {
        [STREAM_CONV] = run_conv,           [STREAM_WINOGRAD] = run_winograd,
        [STREAM_PLANES] = run_planes,       [STREAM_UNBLOCK] = run_unblock,
        [STREAM_MERGE] = run_merge,         [STREAM_UPSAMPLE] = run_upsample,
        [STREAM_JOIN] = run_join,           [STREAM_SHUFFLE] = run_shuffle,
        [STREAM_UNSHUFFLE] = run_unshuffle,
    };
    struct span x = out_columns(a, t);
    if (rows.lo < rows.hi && x.lo < x.hi)
        run[t->op](a, t, rows);
}
