/* strips.c - see strips.h. */
#include "engine/tiles/strips.h"

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/tiles/tile_chain.h"
#include "engine/tiles/tile_layout.h"

enum {
    BAND_ROWS = 64,      /* rows, about; the threads wait for each other after each band */
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
    return plan_cut_cost(p, b->tile.x, b->tile.y < w->out.y ? b->tile.y : w->out.y);
}

static double cost_of_strips(const struct plan *p, const struct bands_wish *w, int a_thread)
{
    int width = strip_width(w, a_thread * w->threads);
    double longest = (double)width * a_thread * w->threads / w->out.x; /* above 1 by rounding */
    return (plan_cut_cost(p, width, w->out.y) + plan_strip_cost(p, width, w->out.y)) * longest;
}

static bool can_have_strips(const struct tile_job *job)
{
    return job->chain.count == 1 && plan_has_strips(job->chain.plans[0]) && !tile_shrinks(job) &&
           !chain_is_whole(&job->chain);
}

/* Returns the number of strips that costs least, a multiple of the threads; 0 if tiles cost
 * less. */
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
    int best = 0, most = w->out.x / STRIP_MULTIPLE;
    for (int k = 1; k <= MOST_A_THREAD && k * w->threads <= most; k++) {
        double cost = cost_of_strips(job->chain.plans[0], w, k);
        if (cost < least) {
            least = cost;
            best = pieces(w->out.x, strip_width(w, k * w->threads));
        }
    }
    return best;
}

static enum err_code measure(const struct tile_job *job, int width, struct strips *s, struct err *e)
{
    size_t rest;
    enum err_code rc = plan_strip_bytes(job->chain.plans[0], width, &s->state_bytes, e);
    if (rc == ERR_OK)
        rc = tile_strip_bytes(job, width, &rest, e);
    if (rc != ERR_OK)
        return rc;
    s->states = image_has_alpha(&job->out) ? 2 : 1;
    s->state_bytes = (s->state_bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
    size_t bytes, all;
    if (!size_mul(s->states, s->state_bytes, &bytes) || !size_add(bytes, rest, &bytes) ||
        !size_add(bytes, MEM_ALIGN - 1, &bytes) || !size_mul(bytes, (size_t)s->count, &all))
        return err_set(e, ERR_MODEL_LIMIT, "the model's working memory cannot be addressed");
    s->scratch_bytes = bytes / MEM_ALIGN * MEM_ALIGN;
    return ERR_OK;
}

enum err_code strips_choose(const struct tile_job *job, const struct bands_wish *wish,
                            struct bands *bands, struct strips *out, struct err *e)
{
    *out = (struct strips){.count = choose_count(job, wish, bands)};
    if (out->count == 0)
        return ERR_OK;
    int multiple = wish->multiple ? wish->multiple : 1;
    int width = strip_width(wish, out->count);
    int rows = wish->rows ? wish->rows : pieces(BAND_ROWS, multiple) * multiple;
    rows = rows < wish->out.y ? rows : wish->out.y;
    *bands = (struct bands){{rows, width}, rows};
    return measure(job, width, out, e);
}
