/* tile_chain.c - see tile_chain.h. */
#include "engine/tiles/tile_chain.h"

static int side_of(const struct tile_job *job, enum axis axis)
{
    return axis == AXIS_Y ? job->img->format.height : job->img->format.width;
}

static int out_side(const struct tile_job *job, enum axis axis)
{
    return axis == AXIS_Y ? job->out.height : job->out.width;
}

/* Returns the size of the side after the last network. */
static int full_side(const struct tile_job *job, enum axis axis)
{
    return chain_side(&job->chain, job->chain.count, side_of(job, axis));
}

bool tile_shrinks(const struct tile_job *job)
{
    return full_side(job, AXIS_Y) != out_side(job, AXIS_Y) ||
           full_side(job, AXIS_X) != out_side(job, AXIS_X);
}

void tile_chain_find(const struct tile_job *job, enum axis axis, int from, int count,
                     struct tile_chain *out)
{
    struct window_job side = {&job->chain, job->border, side_of(job, axis)};
    int begin = from, end = from + count, full = full_side(job, axis);
    if (tile_shrinks(job))
        resample_reach(RESAMPLE_BICUBIC, full, out_side(job, axis), &begin, &end);
    out->side = side.side;
    out->windows.axis = axis;
    out->want = window_behind(&side, job->chain.count, (struct span){begin, end});
    window_chain_find(&side, (struct span){out->want.first, out->want.last}, &out->windows);
}

const struct window_span *tile_chain_span(const struct tile_job *job, const struct tile_chain *c,
                                          int k)
{
    return k == job->chain.count ? &c->want : &c->windows.stage[k + 1];
}

struct plan_picture tile_stage_picture(const struct tile_job *job, int k)
{
    return (struct plan_picture){chain_side(&job->chain, k - 1, job->img->format.width),
                                 chain_side(&job->chain, k - 1, job->img->format.height),
                                 job->border == BORDER_MODEL};
}

/* Adds the work of the network of stage k for a tile with the outputs `s` along the axis. */
static void add_tile(const struct tile_job *job, enum axis axis, struct span s, int k,
                     struct plan_work *w)
{
    struct tile_chain c;
    struct plan_picture picture = tile_stage_picture(job, k);
    tile_chain_find(job, axis, s.lo, s.hi - s.lo, &c);
    const struct window_span *span = tile_chain_span(job, &c, k);
    plan_work_add(w, axis, &picture, (struct span){span->first, span->last});
}

/* Adds all columns of tiles, or all rows of tiles. Bands follow one another, and each is divided
 * from its top. */
static void add_axis(const struct tile_job *job, const struct bands *b, enum axis axis, int k,
                     struct plan_work *w)
{
    int side = out_side(job, axis), tile = pair_at(b->tile, axis);
    int band = axis == AXIS_Y ? b->rows : side;
    for (int from = 0; from < side; from += band) {
        int end = side - from < band ? side : from + band;
        for (int at = from; at < end; at += tile)
            add_tile(job, axis, (struct span){at, end - at < tile ? end : at + tile}, k, w);
    }
}

enum err_code tile_work(const struct tile_job *job, const struct bands *bands, double *macs,
                        struct err *e)
{
    double sum = 0;
    for (int k = 1; k <= job->chain.count; k++) {
        struct plan_work *w = NULL;
        enum err_code rc = plan_work_new(job->chain.plans[k - 1], &w, e);
        if (rc != ERR_OK)
            return rc;
        add_axis(job, bands, AXIS_Y, k, w);
        add_axis(job, bands, AXIS_X, k, w);
        sum += plan_work_take(w);
        plan_work_free(w);
    }
    *macs = sum;
    return ERR_OK;
}
