/* tile.c - see tile.h. Networks pass their rows on, and a few rows at a time are stored as samples
 * while they are in the cache. Only a downscale waits for all rows, because its kernel is large. */
#include "engine/tiles/tile.h"

#include <assert.h>
#include <string.h>

#include "engine/image/color.h"
#include "engine/tiles/border.h"
#include "engine/tiles/flat.h"
#include "engine/tiles/source.h"
#include "engine/tiles/tile_chain.h"
#include "engine/tiles/tile_layout.h"

static size_t area_of(int width, int height)
{
    return (size_t)width * (size_t)height; /* sides are below 2^31, so this fits 64 bits */
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* A tile that is being computed. */
struct tile {
    const struct tile_job *job;
    struct resample_area area; /* area of the output */
    uint8_t *pixels;
    size_t row_bytes;
    struct tile_chain x, y;
    struct tile_layout l;
    struct source source;
    int stage;                      /* the stage whose network runs */
    int chunk_y;                    /* the first row of l.out, in the output */
    int chunk_rows;                 /* rows in l.out */
    double macs;                    /* multiply-adds so far */
    const struct tile_round *round; /* if the tile is a part of a strip, or NULL */
};

/* Returns a geometry whose channels are those of every network of the chain. */
static const struct model_geometry *geometry_of(const struct tile *t)
{
    return &chain_model(&t->job->chain)->geometry;
}

static const struct window_span *span_of(const struct tile *t, const struct tile_chain *a, int k)
{
    return tile_chain_span(t->job, a, k);
}

/* Loads the samples `want` of row y of channel c from the stage before t->stage, extended by the
 * border. */
static void extend_row(const struct tile *t, int c, int y, struct span want, float *out)
{
    int k = t->stage - 1;
    const struct window_span *sx = span_of(t, &t->x, k), *sy = span_of(t, &t->y, k);
    int width = sx->last - sx->first, height = sy->last - sy->first;
    int from = window_is_inside(sy)
                   ? y
                   : border_map(t->job->border, y, chain_side(&t->job->chain, k, t->y.side));
    if (from == BORDER_NOTHING) {
        memset(out, 0, (size_t)(want.hi - want.lo) * sizeof *out);
        return;
    }
    const float *row =
        t->l.stage[k % 2] + area_of(width, height) * (size_t)c + area_of(width, from - sy->first);
    if (window_is_inside(sx)) {
        memcpy(out, row + (want.lo - sx->first), (size_t)(want.hi - want.lo) * sizeof *out);
        return;
    }
    int side = chain_side(&t->job->chain, k, t->x.side);
    for (int x = want.lo; x < want.hi; x++) {
        int at = border_map(t->job->border, x, side);
        *out++ = at == BORDER_NOTHING ? 0 : row[at - sx->first];
    }
}

static void load_row(void *arg, int y, int x, int count, float *const *planes)
{
    const struct tile *t = arg;
    int channels = geometry_of(t)->in_channels;
    if (t->stage == 1) {
        source_load(&t->source, y, (struct span){x, x + count}, channels, planes);
        return;
    }
    for (int c = 0; c < channels; c++)
        extend_row(t, c, y, (struct span){x, x + count}, planes[c]);
}

/* Keeps a row for the next stage, or for the downscale. */
static void keep_row(struct tile *t, int y, int count, const float *const *planes)
{
    const struct window_span *sx = span_of(t, &t->x, t->stage), *sy = span_of(t, &t->y, t->stage);
    size_t plane = area_of(sx->last - sx->first, sy->last - sy->first);
    size_t at = area_of(sx->last - sx->first, y - sy->first);
    for (int c = 0; c < geometry_of(t)->out_channels; c++)
        memcpy(t->l.stage[t->stage % 2] + (size_t)c * plane + at, planes[c],
               (size_t)count * sizeof **planes);
}

/* Computes the luma of three planes, if an RGB model enlarged a gray picture. */
static void fold(const float *const *rgb, int count, float *out)
{
    for (int i = 0; i < count; i++)
        out[i] = rgb[1][i] + 0.299f * (rgb[0][i] - rgb[1][i]) + 0.114f * (rgb[2][i] - rgb[1][i]);
}

static bool is_folded(const struct tile *t)
{
    return geometry_of(t)->out_channels == TILE_PLANES && t->source.kind != SOURCE_RGB;
}

/* Returns the part of a plane from which the resampled `area` is computed. */
static struct resample_area reach(const struct resample_axis *x, const struct resample_axis *y,
                                  struct resample_area area)
{
    int x0, x1, y0, y1;
    resample_axis_reach(x, area.x, area.x + area.width, &x0, &x1);
    resample_axis_reach(y, area.y, area.y + area.height, &y0, &y1);
    return (struct resample_area){x0, y0, x1 - x0, y1 - y0};
}

/* Computes Cb and Cr of the area, into l.out[1] and [2]. */
static void run_chroma(const struct tile *t, struct resample_area area)
{
    const struct tile_job *job = t->job;
    const struct tile_layout *l = &t->l;
    struct resample_area near = reach(job->chroma_x, job->chroma_y, area);
    source_load_chroma(&t->source, near, l->near[0], l->near[1], l->spare);
    for (int i = 0; i < 2; i++)
        resample_run(job->chroma_x, job->chroma_y, (struct resample_part){l->near[i], near},
                     (struct resample_part){l->out[1 + i], area}, l->passes);
}

/* Stores row `at` of l.out as samples. */
static void store_samples(const struct tile *t, int y, size_t at, uint8_t *to)
{
    const struct tile_job *job = t->job;
    float *const *out = t->l.out;
    int width = t->area.width;
    if (t->source.kind == SOURCE_LUMA && job->chroma_x) {
        struct color_planes from = {out[0] + at, out[1] + at, out[2] + at};
        color_store_ycc(&job->out, &from, width, to);
    } else if (t->source.kind == SOURCE_ALPHA) {
        color_store(&job->out, out[0] + at, width, job->out.channels - 1, to);
        flat_alpha(job, (struct resample_area){t->area.x, y, width, 1}, to);
    } else {
        int channels = job->out.channels < TILE_PLANES ? 1 : TILE_PLANES;
        for (int c = 0; c < channels; c++)
            color_store(&job->out, out[t->source.kind == SOURCE_RGB ? c : 0] + at, width, c, to);
    }
}

/* Stores the rows in l.out as samples. */
static void store_chunk(struct tile *t)
{
    struct resample_area rows = {t->area.x, t->chunk_y, t->area.width, t->chunk_rows};
    if (t->source.kind == SOURCE_LUMA && t->job->chroma_x)
        run_chroma(t, rows);
    for (int y = 0; y < rows.height; y++)
        store_samples(t, rows.y + y, area_of(rows.width, y),
                      t->pixels + (size_t)(rows.y + y - t->area.y) * t->row_bytes);
    t->chunk_y += t->chunk_rows;
    t->chunk_rows = 0;
}

/* Adds a row of the last network, which has the output's size, to the chunk. */
static void add_row(struct tile *t, int count, const float *const *planes)
{
    size_t at = area_of(t->area.width, t->chunk_rows);
    if (is_folded(t))
        fold(planes, count, t->l.out[0] + at);
    else
        for (int c = 0; c < geometry_of(t)->out_channels; c++)
            memcpy(t->l.out[c] + at, planes[c], (size_t)count * sizeof **planes);
    t->chunk_rows++;
    if (t->chunk_rows == TILE_CHUNK_ROWS ||
        t->chunk_y + t->chunk_rows == t->area.y + t->area.height)
        store_chunk(t);
}

static void store_row(void *arg, int y, int x, int count, const float *const *planes)
{
    struct tile *t = arg;
    (void)x;
    if (t->stage == t->job->chain.count && !t->job->down_x)
        add_row(t, count, planes);
    else
        keep_row(t, y, count, planes);
}

/* Copies channel c of the last network's output, extended beyond the edges, into l.got. */
static void gather(const struct tile *t, int c)
{
    const struct window_span *x = &t->x.want, *y = &t->y.want;
    for (int row = y->begin; row < y->end; row++)
        extend_row(t, c, row, (struct span){x->begin, x->end},
                   t->l.got + area_of(x->end - x->begin, row - y->begin));
}

static void fold_stage(const struct tile *t)
{
    size_t plane = area_of(t->x.want.last - t->x.want.first, t->y.want.last - t->y.want.first);
    float *made = t->l.stage[t->job->chain.count % 2];
    const float *const rgb[TILE_PLANES] = {made, made + plane, made + 2 * plane};
    fold(rgb, (int)plane, made);
}

/* Downscales the last network's output to the output's size. */
static void shrink(struct tile *t)
{
    const struct tile_job *job = t->job;
    const struct window_span *x = &t->x.want, *y = &t->y.want;
    struct resample_area want = {x->begin, y->begin, x->end - x->begin, y->end - y->begin};
    bool folded = is_folded(t);
    if (folded)
        fold_stage(t);
    for (int c = 0; c < (folded ? 1 : geometry_of(t)->out_channels); c++) {
        gather(t, c);
        resample_run(job->down_x, job->down_y, (struct resample_part){t->l.got, want},
                     (struct resample_part){t->l.out[c], t->area}, t->l.passes);
    }
    t->chunk_rows = t->area.height;
    store_chunk(t);
}

/* Runs the network of t->stage. */
static void run_stage(struct tile *t, const struct plan_io *io)
{
    const struct plan *p = t->job->chain.plans[t->stage - 1];
    if (t->round) {
        const struct plan_strip *strip = &t->round->strips[t->source.kind == SOURCE_ALPHA];
        struct span rows = {t->area.y, t->area.y + t->area.height};
        plan_strip_run(p, strip, t->l.plan, t->round->round, rows, io);
        return;
    }
    const struct window_span *x = span_of(t, &t->x, t->stage), *y = span_of(t, &t->y, t->stage);
    struct plan_rect keep = {x->first, y->first, x->last - x->first, y->last - y->first};
    struct plan_picture picture = tile_stage_picture(t->job, t->stage);
    plan_run(p, t->l.plan, keep, &picture, io);
}

/* Runs the networks over the samples of one kind, and stores the result. */
static void run_source(struct tile *t, enum source_kind kind)
{
    const struct tile_job *job = t->job;
    t->source = (struct source){job->img, job->border, kind};
    t->chunk_y = t->area.y;
    t->chunk_rows = 0;
    for (t->stage = 1; t->stage <= job->chain.count; t->stage++) {
        struct plan_io io = {load_row, store_row, t, job->profile, &t->macs, job->cancel};
        run_stage(t, &io);
    }
    if (job->down_x) /* t->stage is now one past the last */
        shrink(t);
}

/* Stores alpha that is opaque everywhere. It needs no network. */
static void store_opaque(struct tile *t)
{
    for (int i = 0; i < t->area.width; i++)
        t->l.out[0][i] = 1.0f;
    for (int y = 0; y < t->area.height; y++)
        color_store(&t->job->out, t->l.out[0], t->area.width, t->job->out.channels - 1,
                    t->pixels + (size_t)y * t->row_bytes);
}

/* Returns the widest window of any stage along an axis. */
static int widest(const struct tile *t, const struct tile_chain *a, bool all)
{
    int most = 0;
    for (int k = 1; k <= t->job->chain.count; k++)
        if (all || k < t->job->chain.count || t->job->down_x)
            most = larger(most, span_of(t, a, k)->end - span_of(t, a, k)->begin);
    return most;
}

static struct tile_sides sides_of(const struct tile *t)
{
    const struct tile_job *job = t->job;
    struct resample_area rows = t->area;
    if (!job->down_x)
        rows.height = rows.height < TILE_CHUNK_ROWS ? rows.height : TILE_CHUNK_ROWS;
    struct tile_sides x = {
        widest(t, &t->x, false), widest(t, &t->y, false), rows.width, rows.height, 0, 0};
    if (!job->chroma_x)
        return x;
    struct resample_area near = reach(job->chroma_x, job->chroma_y, rows);
    x.near_width = near.width;
    x.near_height = near.height + 2; /* other chunks of as many rows may need more */
    return x;
}

/* Finds the windows that the area needs. */
static struct tile begin(const struct tile_job *job, struct resample_area area)
{
    struct tile t = {.job = job, .area = area};
    tile_chain_find(job, AXIS_X, area.x, area.width, &t.x);
    tile_chain_find(job, AXIS_Y, area.y, area.height, &t.y);
    return t;
}

static enum err_code measure(const struct tile *t, size_t *bytes, struct err *e)
{
    struct tile_sides sides = sides_of(t);
    struct pair most = {widest(t, &t->y, true), widest(t, &t->x, true)};
    return tile_measure(t->job, &sides, most, bytes, e);
}

static double run(struct tile *t, const struct tile_target *to)
{
    const struct tile_job *job = t->job;
    t->pixels = to->pixels;
    t->row_bytes = to->row_bytes;
    if (job->out.channels < 3 || job->gray)
        run_source(t, SOURCE_GRAY);
    else
        run_source(t, job->chroma_x ? SOURCE_LUMA : SOURCE_RGB);
    if (image_has_alpha(&job->out)) {
        if (job->alpha)
            run_source(t, SOURCE_ALPHA);
        else
            store_opaque(t);
    }
    return t->macs;
}

double tile_run(const struct tile_job *job, const struct tile_target *to, void *scratch)
{
    struct tile t = begin(job, to->area);
    struct tile_sides sides = sides_of(&t);
    size_t bytes = 0;
    /* upscale_run checked the sizes before any work. If they are wrong here, stop before memory is
     * overwritten. */
    assert(measure(&t, &bytes, NULL) == ERR_OK && bytes <= job->scratch_bytes);
    t.l = tile_lay_out(job, &sides, 0, scratch);
    return run(&t, to);
}

double tile_run_round(const struct tile_job *job, const struct tile_round *round,
                      const struct tile_target *to, void *scratch)
{
    struct tile t = {.job = job, .area = to->area, .round = round};
    struct tile_sides sides = tile_strip_sides(job, to->area.width);
    t.l = tile_lay_out(job, &sides, 0, scratch);
    return run(&t, to);
}
