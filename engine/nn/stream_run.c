/* stream_run.c - rounds of steps over rings of rows. See stream.h. */
#include <string.h>

#include "engine/nn/stream_area.h"
#include "engine/nn/stream_rows.h"

enum { LANES = KERNEL_LANES };

/* The samples that a tensor has of the picture, where its edges count. */
static struct span domain(const struct stream_area *a, int tensor, enum axis axis)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    return (struct span){0, pair_at(t->rate, axis) * pair_at(*a->sides, axis) +
                                pair_at(t->extra, axis)};
}

static void clear(const struct stream_area *a, int tensor, int y, int lo, int hi)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    for (int b = 0; lo < hi && b < stream_blocks(t); b++)
        memset(stream_row(a, tensor, b, y, lo), 0,
               (size_t)(hi - lo) * (t->blocked ? (size_t)LANES : 1) * sizeof(float));
}

/* What lies outside the picture is the network's own padding: zeros. */
static void clear_outside(const struct stream_area *a, int tensor, struct span rows)
{
    struct span ys = domain(a, tensor, AXIS_Y), xs = domain(a, tensor, AXIS_X);
    struct span x = a->x[tensor];
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
        struct span xs = domain(a, t->out, AXIS_X), ys = domain(a, t->out, AXIS_Y);
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

/* Where a profile counts the step. */
static int place_of(const struct stream *s, const struct stream_step *t)
{
    const struct layer *layer = t->layer ? t->layer : t->last;
    return layer ? (int)(layer - s->m->layers) : s->m->layer_count + PROFILE_LOAD;
}

/* Makes what the round asks for of one step's output. */
static void run_step(const struct stream_area *a, const struct stream_step *t)
{
    struct span rows = {a->made[t->out], a->y[t->out].hi};
    int last = a->last[t->out];
    rows.hi = rows.hi < last ? rows.hi : last;
    if (rows.lo >= rows.hi)
        return;
    uint64_t begun = profile_begin(a->io->profile);
    if (t->op == STREAM_LOAD)
        load_rows(a, t, rows);
    else
        stream_rows(a, t, rows);
    if (a->sides)
        clear_outside(a, t->out, rows);
    a->made[t->out] = rows.hi;
    if (a->io->macs) {
        struct span y = stream_step_phases(t, AXIS_Y, rows);
        struct span x = stream_step_phases(t, AXIS_X, a->x[t->out]);
        *a->io->macs += t->macs * (y.hi - y.lo) * (x.hi - x.lo);
    }
    profile_end(a->io->profile, place_of(a->s, t), begun);
}

void stream_run(const struct stream *s, void *scratch, struct plan_rect keep,
                const struct pair *sides, const struct plan_io *io)
{
    struct stream_area a = {.s = s, .sides = sides, .io = io};
    int end = keep.y + keep.height;
    for (int to = stream_area_lay_out(&a, scratch, keep); a.made[s->output] < end;) {
        to += stream_period(s);
        stream_needs(s, AXIS_Y, (struct span){keep.y, to}, a.y);
        int before = a.made[s->output] < keep.y ? keep.y : a.made[s->output];
        for (int k = 0; k < s->step_count; k++)
            run_step(&a, &s->steps[k]);
        int after = a.made[s->output];
        store_rows(&a, keep, before, after < end ? after : end);
    }
}
