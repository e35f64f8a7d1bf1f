/* stream_run.c - rounds of steps over a few rows each. See stream.h. */
#include <string.h>

#include "engine/base/size.h"
#include "engine/nn/stream_area.h"
#include "engine/nn/stream_rows.h"
#include "engine/nn/stream_run.h"

enum { LANES = KERNEL_LANES };

static void clear(const struct stream_area *a, int tensor, int y, int lo, int hi)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    for (int b = 0; lo < hi && b < stream_blocks(t); b++)
        memset(stream_row(a, tensor, b, y, lo), 0,
               (size_t)(hi - lo) * (t->blocked ? (size_t)LANES : 1) * sizeof(float));
}

/* Fills the samples outside the picture with zeros, which are the network's own padding. */
static void clear_outside(const struct stream_area *a, int tensor, struct span rows)
{
    struct span ys = stream_area_domain(a, tensor, AXIS_Y),
                xs = stream_area_domain(a, tensor, AXIS_X);
    struct span x = a->x[tensor];
    int skirt = a->s->tensors[tensor].skirt; /* no step reads further from the picture */
    x = (struct span){x.lo > xs.lo - skirt ? x.lo : xs.lo - skirt,
                      x.hi < xs.hi + skirt ? x.hi : xs.hi + skirt};
    rows = (struct span){rows.lo > ys.lo - skirt ? rows.lo : ys.lo - skirt,
                         rows.hi < ys.hi + skirt ? rows.hi : ys.hi + skirt};
    for (int y = rows.lo; y < rows.hi; y++) {
        bool inside = y >= ys.lo && y < ys.hi;
        clear(a, tensor, y, x.lo, inside ? (xs.lo < x.hi ? xs.lo : x.hi) : x.hi);
        clear(a, tensor, y, inside ? (xs.hi > x.lo ? xs.hi : x.lo) : x.hi, x.hi);
    }
}

static void load_rows(const struct stream_area *a, const struct stream_step *t, struct span rows)
{
    struct span x = a->x[t->out], y = rows;
    if (a->sides) {
        struct span xs = stream_area_domain(a, t->out, AXIS_X),
                    ys = stream_area_domain(a, t->out, AXIS_Y);
        x = (struct span){x.lo > xs.lo ? x.lo : xs.lo, x.hi < xs.hi ? x.hi : xs.hi};
        y = (struct span){y.lo > ys.lo ? y.lo : ys.lo, y.hi < ys.hi ? y.hi : ys.hi};
    }
    for (int row = y.lo; row < y.hi && x.lo < x.hi; row++) {
        for (int c = 0; c < a->s->tensors[t->out].channels; c++)
            a->out[c] = stream_row(a, t->out, c, row, x.lo);
        a->io->load(a->io->arg, row, x.lo, x.hi - x.lo, a->out);
    }
}

void stream_run_store(const struct stream_area *a, struct plan_rect keep, struct span rows)
{
    int output = a->s->output;
    const struct pair crop = a->s->m->geometry.crop;
    uint64_t begun = profile_begin(a->io->profile);
    for (int y = rows.lo; y < rows.hi; y++) {
        for (int c = 0; c < a->s->tensors[output].channels; c++)
            a->out[c] = stream_row(a, output, c, y, keep.x);
        a->io->store(a->io->arg, y + crop.y, keep.x + crop.x, keep.width,
                     (const float *const *)a->out);
    }
    profile_end(a->io->profile, a->s->m->layer_count + PROFILE_STORE, begun);
}

/* Returns the entry of a profile that counts the step. */
static int place_of(const struct stream *s, const struct stream_step *t)
{
    const struct layer *layer = t->layer ? t->layer : t->last;
    return layer ? (int)(layer - s->m->layers) : s->m->layer_count + PROFILE_LOAD;
}

/* Gives back the memory of what the step was the last to read. */
static void drop_inputs(struct stream_area *a, const struct stream_step *t)
{
    for (int n = 0; n < t->in_count; n++)
        stream_area_drop(a, t->in[n].tensor);
    if (t->add.tensor >= 0)
        stream_area_drop(a, t->add.tensor);
    stream_area_drop(a, t->out); /* perhaps nobody reads it */
}

/* Makes a slice of the rows of one step's output. */
static void run_slice(struct stream_area *a, const struct stream_step *t, struct span rows)
{
    uint64_t begun = profile_begin(a->io->profile);
    stream_wave_lock(a->wave);
    stream_area_take(a, t->out, rows.hi);
    stream_wave_unlock(a->wave);
    if (t->op == STREAM_LOAD)
        load_rows(a, t, rows);
    else
        stream_rows(a, t, stream_area_within(a, t, AXIS_Y, rows));
    if (plan_io_cancelled(a->io))
        return; /* rows may be missing */
    if (a->sides)
        clear_outside(a, t->out, rows);
    if (a->io->macs) { /* counts samples outside the picture too, as plan_work.c does */
        struct span y = stream_step_phases(t, AXIS_Y, rows);
        struct span x = stream_step_phases(t, AXIS_X, a->x[t->out]);
        *a->io->macs += t->macs * (y.hi - y.lo) * (x.hi - x.lo);
    }
    stream_wave_lock(a->wave);
    a->made[t->out] = rows.hi;
    drop_inputs(a, t);
    stream_wave_unlock(a->wave);
    profile_end(a->io->profile, place_of(a->s, t), begun);
}

void stream_run_step(struct stream_area *a, const struct stream_step *t)
{
    struct span rows = {a->made[t->out], a->y[t->out].hi};
    int last = a->last[t->out];
    for (int end; rows.lo < rows.hi && rows.lo < last && !plan_io_cancelled(a->io); rows.lo = end) {
        end = stream_slice_end(t, rows);
        run_slice(a, t, (struct span){rows.lo, end < last ? end : last});
    }
}

/* Runs the steps of a round that makes the output's rows below `to`. */
static void run_round(struct stream_area *a, int from, int to)
{
    stream_needs(a->s, AXIS_Y, (struct span){from, to}, a->y);
    for (int k = 0; k < a->s->step_count && !plan_io_cancelled(a->io); k++)
        stream_run_step(a, &a->s->steps[k]);
}

void stream_run(const struct stream *s, void *scratch, struct plan_rect keep,
                const struct pair *sides, const struct plan_io *io)
{
    struct stream_area a = {.s = s, .sides = sides, .io = io, .depth = 1};
    int to = stream_area_lay_out(&a, scratch, keep);
    int end = keep.y + keep.height;
    stream_area_own(&a, (char *)scratch + a.bytes);
    for (int stored = keep.y; stored < end && !plan_io_cancelled(io);) {
        to += stream_round(s);
        run_round(&a, keep.y, to);
        int made = to < end ? to : end;
        if (made > stored && !plan_io_cancelled(io)) {
            stream_run_store(&a, keep, (struct span){stored, made});
            stored = made;
        }
    }
}

enum err_code stream_scratch_bytes(const struct stream *s, int width, size_t *bytes, struct err *e)
{
    size_t shared, own;
    enum err_code rc = stream_area_bytes(s, width, 1, &shared, e);
    if (rc == ERR_OK)
        rc = stream_round_bytes(s, width, &own, e);
    if (rc == ERR_OK && !size_add(shared, own, bytes))
        rc = err_set(e, ERR_MODEL_LIMIT, "the model's rows cannot be addressed");
    return rc;
}
