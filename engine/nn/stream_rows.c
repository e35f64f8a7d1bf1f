/* stream_rows.c - see stream_rows.h. It turns convolutions into arguments of kernels. */
#include "engine/nn/stream_rows.h"

#include "engine/nn/stream_args.h"
#include "engine/nn/stream_moves.h"

enum { LANES = KERNEL_LANES, FEW = 4 };

/* The multiply-adds of one call of a kernel, and the limits of its number of tiles or columns.
 * Between calls, the run ends if it was cancelled. The C set takes less than 0.2 s for
 * so many. */
static const double CALL_MACS = 1e9;
enum { GROUP_TILES = 28, GROUP_COLUMNS = 24, CALL_MOST = 1 << 20 };

/* The blocks of outputs of one call of the kernel of direct convolutions, which takes two
 * together. */
enum { CALL_BLOCKS = 2 };

/* Returns the tiles or columns of one call, of so many multiply-adds each: at least one group that
 * the kernel computes together. */
static int most_a_call(double macs, int group)
{
    double most = CALL_MACS / macs;
    return most < group ? group : most > CALL_MOST ? CALL_MOST : (int)most;
}

static int blocks_of(int channels)
{
    return (channels + LANES - 1) / LANES;
}

static int out_blocks(const struct stream_area *a, const struct stream_step *t)
{
    return blocks_of(stream_tensor_of(a, t->out)->channels);
}

static int in_blocks(const struct stream_area *a, const struct stream_step *t)
{
    bool blocked = stream_tensor_of(a, t->in[0].tensor)->blocked;
    return blocked ? blocks_of(t->in_channels) : t->in_channels;
}

/* Computes `width` columns, from x on, of one row of one phase, for all blocks of channels. */
static void conv_phase(const struct stream_area *a, const struct stream_step *t, struct pair q,
                       int width, int phase)
{
    int blocks = out_blocks(a, t), s = t->phases;
    int y = q.y * s + phase / s + t->origin.y, x = q.x * s + phase % s + t->origin.x;
    bool planar = !stream_tensor_of(a, t->in[0].tensor)->blocked;
    struct kernel_conv k = {.in = a->in,
                            .in_channels = t->in_channels,
                            .kernel_y = t->taps.y,
                            .kernel_x = t->taps.x,
                            .add = t->add.tensor < 0 ? NULL : a->add,
                            .out = a->out,
                            .step = LANES * s,
                            .width = width};
    for (int b = 0; b < blocks && !plan_io_cancelled(a->io); b += CALL_BLOCKS) {
        size_t lanes = ((size_t)phase * (size_t)blocks + (size_t)b) * LANES;
        k.out_blocks = blocks - b < CALL_BLOCKS ? blocks - b : CALL_BLOCKS;
        k.weight = t->weight + lanes / LANES * (t->phase_floats / (size_t)blocks);
        k.bias = t->bias + lanes;
        k.store = stream_store_of(t, t->slope + lanes);
        for (int i = 0; i < k.out_blocks; i++) {
            a->out[i] = stream_row(a, t->out, b + i, y, x);
            a->add[i] = stream_added(a, t, b + i, y, x);
        }
        (planar ? a->s->kernels->conv_planar : a->s->kernels->conv_blocked)(&k);
    }
}

static void run_conv(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t), qs = stream_step_phases(t, AXIS_Y, rows);
    double taps = (double)t->taps.y * t->taps.x * t->in_channels;
    int blocks = in_blocks(a, t), most = most_a_call(taps * CALL_BLOCKS * LANES, GROUP_COLUMNS);
    for (int q = qs.lo; q < qs.hi; q++)
        for (int at = x.lo; at < x.hi && !plan_io_cancelled(a->io); at += most) {
            stream_point_in(a, t, q, at, (struct stream_pointers){t->taps.y, blocks, 1});
            for (int phase = 0; phase < t->phases * t->phases; phase++)
                conv_phase(a, t, (struct pair){q, at}, x.hi - at < most ? x.hi - at : most, phase);
        }
}

/* Computes a row of `tiles` tiles from (y, x) on. */
static void winograd_row(const struct stream_area *a, const struct stream_step *t,
                         struct kernel_winograd k, int y, int x)
{
    stream_point_in(a, t, y, x, (struct stream_pointers){k.gives + 2, in_blocks(a, t), 1});
    for (int i = 0; i < k.gives * k.out_blocks; i++) {
        a->out[i] = stream_row(a, t->out, i % k.out_blocks, y + i / k.out_blocks, x);
        a->add[i] = stream_added(a, t, i % k.out_blocks, y + i / k.out_blocks, x);
    }
    a->s->kernels->winograd(&k);
}

static void run_winograd(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t);
    const int tile = t->tile;
    struct kernel_winograd k = {.in = a->in,
                                .gives = tile,
                                .in_channels = t->in_channels,
                                .out_blocks = out_blocks(a, t),
                                .weight = t->weight,
                                .bias = t->bias,
                                .store = stream_store_of(t, t->slope),
                                .add = t->add.tensor < 0 ? NULL : a->add,
                                .out = a->out,
                                .scratch = a->scratch};
    int most = most_a_call(tile * tile * t->macs, GROUP_TILES);
    int all = (x.hi - x.lo) / tile;
    for (int y = rows.lo; y < rows.hi; y += tile)
        for (int done = 0; done < all && !plan_io_cancelled(a->io); done += k.tiles) {
            k.tiles = all - done < most ? all - done : most;
            winograd_row(a, t, k, y, x.lo + done * tile);
        }
}

/* The outputs of planes: their groups, of four phases of one channel or of all channels, and the
 * rows of a group for each row of phases. */
struct plane_groups {
    int groups, rows;
    bool phased;
};

static struct plane_groups groups_of(const struct stream_area *a, const struct stream_step *t)
{
    int channels = stream_tensor_of(a, t->out)->channels;
    bool phased = t->phases > 1;
    return (struct plane_groups){phased ? channels : 1, phased ? t->phases : channels, phased};
}

/* Sets pointers, from `at` on, to what group g has of the row and column of phases at (q, x). */
static void point_out(const struct stream_area *a, const struct stream_step *t, struct pair q,
                      int g, int at)
{
    struct plane_groups s = groups_of(a, t);
    int x = q.x * t->phases + t->origin.x, y = q.y * t->phases + t->origin.y;
    for (int i = 0; i < s.rows; i++) {
        int plane = s.phased ? g : i, row = s.phased ? y + i : y;
        a->out[at + i] = stream_row(a, t->out, plane, row, x);
        a->add[at + i] = stream_added(a, t, plane, row, x);
    }
}

/* Returns the arguments for `width` phases from the pointers on. Weights are those of group g. */
static struct kernel_planes planes_of(const struct stream_area *a, const struct stream_step *t,
                                      int width, int g)
{
    struct plane_groups s = groups_of(a, t);
    size_t lanes = (size_t)g * FEW;
    return (struct kernel_planes){.in = a->in,
                                  .in_channels = t->in_channels,
                                  .kernel_y = t->taps.y,
                                  .kernel_x = t->taps.x,
                                  .outs = s.phased ? FEW : s.rows,
                                  .weight = t->weight + (size_t)g * t->group_floats,
                                  .bias = t->bias + lanes,
                                  .store = stream_store_of(t, t->slope + lanes),
                                  .add = t->add.tensor < 0 ? NULL : a->add,
                                  .out = a->out,
                                  .interleave = s.phased,
                                  .width = width};
}

static void run_planes(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t), qs = stream_step_phases(t, AXIS_Y, rows);
    for (int q = qs.lo; q < qs.hi && !plan_io_cancelled(a->io); q++) {
        stream_point_in(a, t, q, x.lo, (struct stream_pointers){t->taps.y, 1, t->taps.y});
        for (int g = 0; g < groups_of(a, t).groups && !plan_io_cancelled(a->io); g++) {
            point_out(a, t, (struct pair){q, x.lo}, g, 0);
            struct kernel_planes k = planes_of(a, t, x.hi - x.lo, g);
            a->s->kernels->planes(&k);
        }
    }
}

/* Computes four rows of `width` phases from q on, for all groups. */
static void tall_row(const struct stream_area *a, const struct stream_step *t, struct pair q,
                     int width)
{
    struct plane_groups s = groups_of(a, t);
    int rows = KERNEL_TALL_ROWS + t->taps.y - 1;
    stream_point_in(a, t, q.y, q.x, (struct stream_pointers){rows, 1, rows});
    for (int i = 0; i < s.groups * KERNEL_TALL_ROWS; i++)
        point_out(a, t, (struct pair){q.y + i % KERNEL_TALL_ROWS, q.x}, i / KERNEL_TALL_ROWS,
                  i * s.rows);
    struct kernel_tall k = {planes_of(a, t, width, 0), s.groups, a->scratch};
    a->s->kernels->tall(&k);
}

static void run_tall(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = stream_columns(a, t), qs = stream_step_phases(t, AXIS_Y, rows);
    double taps = (double)t->taps.y * t->taps.x * t->in_channels;
    int most =
        most_a_call(taps * KERNEL_TALL_ROWS * FEW * groups_of(a, t).groups, KERNEL_TALL_PIXELS);
    most -= most % KERNEL_TALL_PIXELS;
    for (int q = qs.lo; q < qs.hi; q += KERNEL_TALL_ROWS)
        for (int at = x.lo; at < x.hi && !plan_io_cancelled(a->io); at += most)
            tall_row(a, t, (struct pair){q, at}, x.hi - at < most ? x.hi - at : most);
}

void stream_rows(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    static void (*const run[])(const struct stream_area *, const struct stream_step *,
                               struct span) = {
        [STREAM_CONV] = run_conv,
        [STREAM_WINOGRAD] = run_winograd,
        [STREAM_PLANES] = run_planes,
        [STREAM_TALL] = run_tall,
        [STREAM_UNBLOCK] = stream_unblock,
        [STREAM_MERGE] = stream_merge,
        [STREAM_JOIN] = stream_join,
        [STREAM_SHUFFLE] = stream_shuffle,
        [STREAM_UNSHUFFLE] = stream_unshuffle,
        [STREAM_UPSAMPLE] = stream_upsample,
    };
    struct span x = stream_out_columns(a, t);
    if (rows.lo < rows.hi && x.lo < x.hi)
        run[t->op](a, t, rows);
}
