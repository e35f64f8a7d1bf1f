/* strips.c - see strips.h. */
#include "engine/tiles/strips.h"

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/tiles/tile_chain.h"
#include "engine/tiles/tile_layout.h"

enum {
    BAND_ROWS = 64,      /* rows, at least; the threads wait for each other after each band */
    BAND_ROUNDS = 8,     /* of each thread in a band, if that is not too large */
    BAND_MOST = 1 << 22, /* output pixels */
    STRIP_MULTIPLE = 16, /* the width of a strip is a multiple of this many columns */
    MOST_A_THREAD = 16,  /* the most strips for each thread */
};

/* Strips must take less than this part of the time of tiles. Tiles are shorter pieces of work, so
 * that other requests wait less. */
#define TILES_FAVOUR 0.95

static int pieces(int side, int piece)
{
    return (side + piece - 1) / piece;
}

static int strip_width(const struct bands_wish *w, int count)
{
    return pieces(pieces(w->out.x, count), STRIP_MULTIPLE) * STRIP_MULTIPLE;
}

/* Returns the factor by which the run takes longer than one without halos, for the thread that has
 * the most to do. */
static double cost_of_tiles(const struct plan *p, const struct bands_wish *w, const struct bands *b)
{
    return plan_cut_cost(p, b->tile.x, b->tile.y < w->out.y ? b->tile.y : w->out.y, 1);
}

/* Returns how many rounds of each strip run at a time. */
static int depth_of(const struct plan *p, const struct bands_wish *w, int count)
{
    int wanted = pieces(w->threads, count), most = plan_strip_depth(p);
    return wanted < most ? wanted : most;
}

/* Returns the rows of a band, in which each thread runs several rounds. */
static int band_rows(const struct plan *p, const struct bands_wish *w, int count)
{
    int multiple = w->multiple ? w->multiple : 1;
    int rows = plan_round_rows(p) * pieces(BAND_ROUNDS * w->threads, count);
    int most = BAND_MOST / w->out.x;
    rows = rows < most ? rows : most;
    rows = rows > BAND_ROWS ? rows : BAND_ROWS;
    rows = w->rows ? w->rows : pieces(rows, multiple) * multiple;
    return rows < w->out.y ? rows : w->out.y;
}

static double cost_of_strips(const struct plan *p, const struct bands_wish *w, int count)
{
    int width = strip_width(w, count), depth = depth_of(p, w, count);
    int threads = depth * count < w->threads ? depth * count : w->threads;
    int all = count * pieces(w->out.y, plan_round_rows(p));
    int in_band = count * pieces(band_rows(p, w, count), plan_round_rows(p));
    double wider = (double)width * count / w->out.x; /* above 1 by rounding */
    double longer = (double)pieces(all, threads) * w->threads / all +
                    (depth - 1) * plan_round_lag(p) * threads / in_band;
    return (plan_cut_cost(p, width, w->out.y, depth) + plan_strip_cost(p, width, w->out.y, depth)) *
           wider * longer;
}

static bool can_have_strips(const struct tile_job *job)
{
    return job->chain.count == 1 && plan_has_strips(job->chain.plans[0]) && !tile_shrinks(job) &&
           !chain_is_whole(&job->chain);
}

/* Returns the number of strips that costs least; 0 if tiles cost less. */
static int choose_count(const struct tile_job *job, const struct bands_wish *w,
                        const struct bands *b)
{
    if (!can_have_strips(job) || w->strips < 0)
        return 0;
    if (w->strips > 0)
        return pieces(w->out.x, strip_width(w, w->strips));
    if (w->tile.x > 0 || w->tile.y > 0)
        return 0;
    double least = TILES_FAVOUR * cost_of_tiles(job->chain.plans[0], w, b);
    int best = 0, most = pieces(w->out.x, STRIP_MULTIPLE);
    most = most < MOST_A_THREAD * w->threads ? most : MOST_A_THREAD * w->threads;
    for (int count = 1; count <= most; count++) {
        double cost = cost_of_strips(job->chain.plans[0], w, count);
        if (cost < least) {
            least = cost;
            best = pieces(w->out.x, strip_width(w, count));
        }
    }
    return best;
}

size_t strips_bytes(const struct strips *s)
{
    size_t states, scratch, all;
    if (!size_mul3((size_t)s->count, s->states, s->state_bytes, &states) ||
        !size_mul((size_t)s->threads, s->scratch_bytes + 1, &scratch) || /* 1: its flag */
        !size_add(states, scratch, &all) || !size_add(all, 4 * MEM_SLACK, &all))
        return SIZE_MAX;
    return all;
}

static enum err_code measure(const struct tile_job *job, struct strips *s, struct err *e)
{
    const struct plan *p = job->chain.plans[0];
    size_t rest;
    enum err_code rc = plan_strip_bytes(p, s->width, s->depth, &s->state_bytes, e);
    if (rc == ERR_OK)
        rc = plan_strip_scratch_bytes(p, s->width, &s->scratch_bytes, e);
    if (rc == ERR_OK)
        rc = tile_strip_bytes(job, s->width, &rest, e);
    if (rc != ERR_OK)
        return rc;
    s->states = image_has_alpha(&job->out) ? 2 : 1;
    if (!size_add(s->scratch_bytes, rest, &s->scratch_bytes) || strips_bytes(s) == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's working memory cannot be addressed");
    return ERR_OK;
}

enum err_code strips_choose(const struct tile_job *job, const struct bands_wish *wish,
                            struct bands *bands, struct strips *out, struct err *e)
{
    *out = (struct strips){.count = choose_count(job, wish, bands), .threads = wish->threads};
    if (out->count == 0)
        return ERR_OK;
    const struct plan *p = job->chain.plans[0];
    out->width = strip_width(wish, out->count);
    out->depth = depth_of(p, wish, out->count);
    int rows = band_rows(p, wish, out->count);
    *bands = (struct bands){{rows, out->width}, rows};
    return measure(job, out, e);
}
