/* stream_run.c - rounds of steps over a few rows each. See stream.h. */
#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/stream_area.h"
#include "engine/nn/stream_rows.h"

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

static void store_rows(const struct stream_area *a, struct plan_rect keep, int lo, int hi)
{
    int output = a->s->output;
    const struct pair crop = a->s->m->geometry.crop;
    uint64_t begun = profile_begin(a->io->profile);
    for (int y = lo; y < hi; y++) {
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
    stream_area_take(a, t->out, rows.hi);
    if (t->op == STREAM_LOAD)
        load_rows(a, t, rows);
    else
        stream_rows(a, t, stream_area_within(a, t, AXIS_Y, rows));
    if (plan_io_cancelled(a->io))
        return; /* rows may be missing */
    if (a->sides)
        clear_outside(a, t->out, rows);
    a->made[t->out] = rows.hi;
    if (a->io->macs) { /* counts samples outside the picture too, as plan_work.c does */
        struct span y = stream_step_phases(t, AXIS_Y, rows);
        struct span x = stream_step_phases(t, AXIS_X, a->x[t->out]);
        *a->io->macs += t->macs * (y.hi - y.lo) * (x.hi - x.lo);
    }
    drop_inputs(a, t);
    profile_end(a->io->profile, place_of(a->s, t), begun);
}

/* Makes the rows of one step's output that the round needs, and that are not made yet. */
static void run_step(struct stream_area *a, const struct stream_step *t)
{
    struct span rows = {a->made[t->out], a->y[t->out].hi};
    int last = a->last[t->out];
    for (int end; rows.lo < rows.hi && rows.lo < last && !plan_io_cancelled(a->io); rows.lo = end) {
        end = stream_slice_end(t, rows);
        run_slice(a, t, (struct span){rows.lo, end < last ? end : last});
    }
}

static void begin(struct stream_strip *t, void *scratch, struct plan_rect keep,
                  const struct pair *sides)
{
    t->keep = keep;
    t->stored = keep.y;
    if (sides) {
        t->sides = *sides;
        t->area.sides = &t->sides;
    }
    t->to = stream_area_lay_out(&t->area, scratch, keep);
}

/* Stores the rows below `end` that are made. */
static void store_made(struct stream_strip *t, int end)
{
    int made = t->area.made[t->area.s->output];
    made = made < end ? made : end;
    if (made > t->stored) {
        store_rows(&t->area, t->keep, t->stored, made);
        t->stored = made;
    }
}

/* Runs rounds until the rows below `end` are stored. Rows that a round made beyond `end` stay in
 * their ring for the next call. */
static void run_rounds(struct stream_strip *t, int end, const struct plan_io *io)
{
    const struct stream *s = t->area.s;
    t->area.io = io;
    for (store_made(t, end); t->stored < end && !plan_io_cancelled(io); store_made(t, end)) {
        t->to += stream_round(s);
        stream_needs(s, AXIS_Y, (struct span){t->keep.y, t->to}, t->area.y);
        for (int k = 0; k < s->step_count && !plan_io_cancelled(io); k++)
            run_step(&t->area, &s->steps[k]);
    }
}

void stream_run(const struct stream *s, void *scratch, struct plan_rect keep,
                const struct pair *sides, const struct plan_io *io)
{
    struct stream_strip t = {.area.s = s};
    begin(&t, scratch, keep, sides);
    run_rounds(&t, keep.y + keep.height, io);
}

static size_t head_bytes(void)
{
    return (sizeof(struct stream_strip) + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

enum err_code stream_strip_bytes(const struct stream *s, int width, size_t *bytes, struct err *e)
{
    size_t rest;
    enum err_code rc = stream_scratch_bytes(s, width, &rest, e);
    if (rc == ERR_OK && !size_add(rest, head_bytes(), bytes))
        rc = err_set(e, ERR_MODEL_LIMIT, "the model's rows cannot be addressed");
    return rc;
}

void stream_strip_begin(const struct stream *s, void *state, struct plan_rect keep,
                        const struct pair *sides)
{
    struct stream_strip *t = state;
    *t = (struct stream_strip){.area.s = s};
    begin(t, (char *)state + head_bytes(), keep, sides);
}

void stream_strip_run(void *state, struct span rows, const struct plan_io *io)
{
    struct stream_strip *t = state;
    assert(t->stored == rows.lo);
    run_rounds(t, rows.hi, io);
}
