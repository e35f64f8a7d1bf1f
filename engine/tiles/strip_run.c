/* strip_run.c - see strip_run.h. */
#include "engine/tiles/strip_run.h"

#include <stdatomic.h>

#include "engine/base/mem.h"
#include "engine/tiles/tile_chain.h"

struct strip_run {
    const struct tile_job *job;
    struct strips strips;
    char *states;       /* [count][states][state_bytes] */
    char *scratch;      /* [threads][scratch_bytes] */
    atomic_flag *taken; /* [threads]: whether a piece uses the scratch */
};

static const struct plan *plan_of(const struct strip_run *r)
{
    return r->job->chain.plans[0];
}

static struct plan_strip strip_at(const struct strip_run *r, int i, size_t state)
{
    const struct strips *s = &r->strips;
    const struct image_format *out = &r->job->out;
    int x = i * s->width, rest = out->width - x;
    return (struct plan_strip){.state =
                                   r->states + ((size_t)i * s->states + state) * s->state_bytes,
                               .area = {x, 0, rest < s->width ? rest : s->width, out->height},
                               .depth = s->depth};
}

static void begin_all(struct strip_run *r)
{
    struct plan_picture picture = tile_stage_picture(r->job, 1);
    for (int i = 0; i < r->strips.count; i++)
        for (size_t k = 0; k < r->strips.states; k++) {
            struct plan_strip strip = strip_at(r, i, k);
            plan_strip_begin(plan_of(r), &strip, &picture);
        }
    for (int i = 0; i < r->strips.threads; i++)
        atomic_flag_clear(&r->taken[i]);
}

enum err_code strip_run_new(const struct tile_job *job, const struct strips *strips,
                            struct strip_run **out, struct err *e)
{
    struct strip_run *r = mem_calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ERR_MEMORY, "out of memory for strips");
    r->job = job;
    r->strips = *strips;
    r->states = mem_alloc_dense((size_t)strips->count * strips->states, strips->state_bytes);
    r->scratch = mem_alloc((size_t)strips->threads, strips->scratch_bytes);
    r->taken = mem_calloc((size_t)strips->threads, sizeof *r->taken);
    if (!r->states || !r->scratch || !r->taken) {
        mem_free(r->states);
        r->states = NULL;
        strip_run_free(r);
        return err_set(e, ERR_MEMORY, "out of memory for %d strips of %zu bytes", strips->count,
                       strips->state_bytes);
    }
    begin_all(r);
    *out = r;
    return ERR_OK;
}

void strip_run_free(struct strip_run *r)
{
    if (!r)
        return;
    for (int i = 0; r->states && i < r->strips.count; i++)
        for (size_t k = 0; k < r->strips.states; k++) {
            struct plan_strip strip = strip_at(r, i, k);
            plan_strip_end(&strip);
        }
    mem_free(r->states);
    mem_free(r->scratch);
    mem_free(r->taken);
    mem_free(r);
}

/* Returns the first round that the band needs. A round whose rows the band before has stored in
 * part is run already, and only stores more. */
static int first_round(const struct strip_run *r, const struct strip_band *band)
{
    struct plan_strip strip = strip_at(r, 0, 0);
    return band->rows.lo == 0 ? 0 : plan_strip_round(plan_of(r), &strip, band->rows.lo);
}

int strip_run_pieces(const struct strip_run *r, const struct strip_band *band)
{
    struct plan_strip strip = strip_at(r, 0, 0);
    int last = plan_strip_round(plan_of(r), &strip, band->rows.hi - 1);
    return r->strips.count * (last + 1 - first_round(r, band));
}

/* Returns the rows of the band that the round makes. */
static struct span rows_of(const struct strip_run *r, const struct strip_band *band, int round)
{
    struct plan_strip strip = strip_at(r, 0, 0);
    struct span made = plan_strip_rows(plan_of(r), &strip, round);
    made.lo = made.lo > band->rows.lo ? made.lo : band->rows.lo;
    made.hi = made.hi < band->rows.hi ? made.hi : band->rows.hi;
    return made;
}

/* Returns the number of a block of scratch that no other piece uses. There is one for each
 * thread. */
static int take_scratch(struct strip_run *r)
{
    int i = 0;
    while (atomic_flag_test_and_set(&r->taken[i]))
        i = i + 1 < r->strips.threads ? i + 1 : 0;
    return i;
}

double strip_run_piece(struct strip_run *r, const struct strip_band *band, int i)
{
    int at = i % r->strips.count, round = first_round(r, band) + i / r->strips.count;
    struct span rows = rows_of(r, band, round);
    struct plan_strip strips[] = {strip_at(r, at, 0), strip_at(r, at, r->strips.states - 1)};
    struct plan_rect own = strips[0].area;
    const struct image_format *out = &r->job->out;
    size_t x = (size_t)own.x * (size_t)(out->channels * out->depth / 8);
    struct tile_target to = {{own.x, rows.lo, own.width, rows.hi - rows.lo},
                             band->pixels + (size_t)(rows.lo - band->rows.lo) * band->row_bytes + x,
                             band->row_bytes};
    int k = take_scratch(r);
    char *scratch = r->scratch + (size_t)k * r->strips.scratch_bytes;
    double macs = tile_run_round(r->job, &(struct tile_round){strips, round}, &to, scratch);
    atomic_flag_clear(&r->taken[k]);
    return macs;
}
