/* tile_layout.c - see tile_layout.h. */
#include "engine/tiles/tile_layout.h"

#include <stdint.h>

#include "engine/base/mem.h"
#include "engine/tiles/tile_chain.h"
#include "engine/tiles/window.h"

/* The largest sides of tiles that are downscaled. They keep all their rows. */
enum { SHRUNK_MOST = 256 };

static size_t area_of(int width, int height)
{
    return (size_t)width * (size_t)height; /* sides are below 2^31, so this fits 64 bits */
}

static float *take_plane(void *base, size_t *used, int width, int height, size_t channels)
{
    return mem_part(base, used, area_of(width, height), channels * sizeof(float));
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

struct tile_layout tile_lay_out(const struct tile_job *job, const struct tile_sides *x,
                                size_t plan_bytes, void *base)
{
    struct tile_layout l;
    size_t used = 0, channels = (size_t)chain_model(&job->chain)->geometry.in_channels;
    for (int i = 0; i < 2; i++)
        l.stage[i] = take_plane(base, &used, x->stage_width, x->stage_height, channels);
    l.got = take_plane(base, &used, x->stage_width, x->stage_height, 1);
    for (int i = 0; i < 2; i++)
        l.near[i] = take_plane(base, &used, x->near_width, x->near_height, 1);
    l.spare = take_plane(base, &used, x->near_width, 1, 1);
    for (int i = 0; i < TILE_PLANES; i++)
        l.out[i] = take_plane(base, &used, x->out_width, x->out_rows, 1);
    struct resample_area got = {0, 0, x->stage_width, x->stage_height};
    struct resample_area near = {0, 0, x->near_width, x->near_height};
    struct resample_area out = {0, 0, x->out_width, x->out_rows};
    size_t down = resample_scratch(got, out), up = resample_scratch(near, out);
    l.passes = mem_part(base, &used, down > up ? down : up, sizeof(float));
    l.plan = mem_part(base, &used, plan_bytes, 1);
    l.bytes = used;
    return l;
}

/* Returns the pixels that a tile needs beside its own along a side. With `full` as the factor of
 * the chain: an antialiased bicubic reaches two output pixels to either side. They are up to 2 *
 * full pixels, because the output may be as small as the picture along one axis. The fifth `full`
 * makes room for a tile of one output pixel. */
static int shrink_margin(const struct chain *c)
{
    return 5 * chain_factor(c) + 2;
}

/* Returns the tile of the last network, which does most of the work. */
static struct pair tile_of(const struct chain *c)
{
    return plan_tile(c->plans[c->count - 1]);
}

static int side_most(const struct chain *c, struct pair cut, int full, int out, enum axis axis)
{
    int side = pair_at(cut, axis), ratio = (full + out - 1) / out;
    if (full == out)
        return side;
    side = side < SHRUNK_MOST ? side : SHRUNK_MOST;
    int most = (side + shrink_margin(c) - 2) / ratio - 4; /* want <= (most + 4) * ratio + 2 */
    return most < side ? most : side;
}

struct pair tile_most(const struct chain *c, struct pair full, struct pair out)
{
    struct pair cut = tile_of(c);
    bool shrinks = full.x != out.x || full.y != out.y;
    if (shrinks)
        cut = (struct pair){cut.y < SHRUNK_MOST ? cut.y : SHRUNK_MOST,
                            cut.x < SHRUNK_MOST ? cut.x : SHRUNK_MOST};
    return (struct pair){side_most(c, cut, full.y, out.y, AXIS_Y),
                         side_most(c, cut, full.x, out.x, AXIS_X)};
}

enum err_code tile_measure(const struct tile_job *job, const struct tile_sides *x, struct pair most,
                           size_t *bytes, struct err *e)
{
    size_t plan_bytes = 0, one;
    for (int k = 0; k < job->chain.count; k++) {
        enum err_code rc = plan_scratch_bytes(job->chain.plans[k], most.x, most.y, &one, e);
        if (rc != ERR_OK)
            return rc;
        plan_bytes = one > plan_bytes ? one : plan_bytes;
    }
    struct tile_layout l = tile_lay_out(job, x, plan_bytes, NULL);
    if (l.bytes == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's working memory cannot be addressed");
    *bytes = l.bytes;
    return ERR_OK;
}

/* Takes the larger of two needs: that of ordinary tiles, which store rows as they are computed, and
 * that of smaller tiles, which are downscaled. */
enum err_code tile_scratch_bytes(const struct chain *c, size_t *bytes, struct err *e)
{
    const struct tile_job job = {.chain = *c};
    struct pair cut = tile_of(c);
    int margin = shrink_margin(c), shrunk = larger(cut.x, cut.y);
    shrunk = shrunk < SHRUNK_MOST ? shrunk : SHRUNK_MOST;
    int wide = window_bound(c, 2, cut.x), high = window_bound(c, 2, cut.y);
    int got = larger(shrunk + margin, window_bound(c, 2, shrunk + margin));
    struct tile_sides usual = {
        wide, high, cut.x, TILE_CHUNK_ROWS, cut.x + margin, TILE_CHUNK_ROWS + margin};
    struct tile_sides small = {got, got, shrunk, shrunk, shrunk + margin, shrunk + margin};
    size_t other = 0;
    struct pair most = {larger(cut.y, high), larger(cut.x, wide)};
    enum err_code rc = tile_measure(&job, &usual, most, bytes, e);
    if (rc == ERR_OK)
        rc = tile_measure(&job, &small, (struct pair){got, got}, &other, e);
    if (rc == ERR_OK && other > *bytes)
        *bytes = other;
    return rc;
}

struct tile_sides tile_strip_sides(const struct tile_job *job, int width)
{
    int margin = shrink_margin(&job->chain);
    struct tile_sides x = {.out_width = width, .out_rows = TILE_CHUNK_ROWS};
    if (tile_has_chroma(chain_model(&job->chain), &job->out)) {
        x.near_width = width + margin;
        x.near_height = TILE_CHUNK_ROWS + margin;
    }
    return x;
}

enum err_code tile_strip_bytes(const struct tile_job *job, int width, size_t *bytes, struct err *e)
{
    struct tile_sides x = tile_strip_sides(job, width);
    struct tile_layout l = tile_lay_out(job, &x, 0, NULL);
    if (l.bytes == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's working memory cannot be addressed");
    *bytes = l.bytes;
    return ERR_OK;
}

/* The lengths along one axis, for the tile that covers the whole picture. */
struct whole_axis {
    int stage; /* outputs of all networks but the last; if that is downscaled, its own */
    int run;   /* areas over which the plans run */
};

static struct whole_axis whole_axis(const struct tile_job *job, int side, int out, bool shrinks)
{
    int full = chain_side(&job->chain, job->chain.count, side);
    int most = shrinks ? full + shrink_margin(&job->chain) : full;
    int window = window_bound(&job->chain, 2, full);
    return (struct whole_axis){larger(shrinks ? most : 0, window),
                               larger(larger(most, out), window)};
}

enum err_code tile_whole_scratch_bytes(const struct tile_job *job, size_t *bytes, struct err *e)
{
    const struct image_format *in = &job->img->format, *out = &job->out;
    bool shrinks = tile_shrinks(job);
    bool chroma = tile_has_chroma(chain_model(&job->chain), in);
    struct whole_axis across = whole_axis(job, in->width, out->width, shrinks);
    struct whole_axis down = whole_axis(job, in->height, out->height, shrinks);
    struct tile_sides x = {
        .out_width = out->width, .stage_width = across.stage, .stage_height = down.stage};
    x.out_rows = shrinks || out->height < TILE_CHUNK_ROWS ? out->height : TILE_CHUNK_ROWS;
    if (chroma) {
        x.near_width = in->width + shrink_margin(&job->chain);
        x.near_height = (shrinks ? in->height : x.out_rows) + shrink_margin(&job->chain);
    }
    return tile_measure(job, &x, (struct pair){down.run, across.run}, bytes, e);
}
