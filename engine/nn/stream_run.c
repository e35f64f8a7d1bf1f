/* stream_run.c - rounds of steps over rings of rows. See stream.h. */
#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/stream.h"
#include "engine/nn/stream_rows.h"

enum { LANES = KERNEL_LANES };

/* Kernels read and write planes in vectors: up to 15 samples beyond a row, interleaved 31; and
 * blocks, where they become planes, up to 15 pixels. */
enum { PLANE_SLACK = 2 * LANES, BLOCK_SLACK = LANES * LANES };

static int blocks_of(const struct stream_tensor *t)
{
    return t->blocked ? (t->channels + LANES - 1) / LANES : t->channels;
}

static size_t row_floats(const struct stream_tensor *t, int width)
{
    size_t planar = ((size_t)width + PLANE_SLACK + LANES - 1) / LANES * LANES;
    return t->blocked ? (size_t)width * LANES : planar;
}

/* Everything but the rings. */
static void take_books(const struct stream *s, void *base, size_t *used, struct stream_area *a)
{
    size_t tensors = (size_t)s->tensor_count, pointers = 0, winograd = 0;
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        size_t rows = (size_t)(t->op == STREAM_WINOGRAD ? 6 : t->taps.y);
        size_t needed = rows * (size_t)t->in_channels;
        size_t outs = (size_t)(4 * t->phases) * (size_t)s->tensors[t->out].channels;
        needed = needed > outs ? needed : outs;
        pointers = needed > pointers ? needed : pointers;
        needed = t->op == STREAM_WINOGRAD ? kernel_winograd_scratch(t->in_channels) : 0;
        winograd = needed > winograd ? needed : winograd;
    }
    a->x = mem_part(base, used, tensors, sizeof *a->x);
    a->y = mem_part(base, used, tensors, sizeof *a->y);
    a->first = mem_part(base, used, tensors, sizeof *a->first);
    a->made = mem_part(base, used, tensors, sizeof *a->made);
    a->last = mem_part(base, used, tensors, sizeof *a->last);
    a->rings = mem_part(base, used, tensors, sizeof *a->rings);
    a->in = mem_part(base, used, pointers, sizeof *a->in);
    a->out = mem_part(base, used, pointers, sizeof *a->out);
    a->add = mem_part(base, used, pointers, sizeof *a->add);
    a->winograd = mem_part(base, used, winograd, sizeof *a->winograd);
}

static float *take_ring(const struct stream_tensor *t, int width, void *base, size_t *used)
{
    size_t rows, floats = row_floats(t, width);
    if (!size_mul((size_t)t->ring, (size_t)blocks_of(t), &rows) ||
        !size_mul(rows, floats, &floats) || !size_add(floats, BLOCK_SLACK, &floats)) {
        *used = SIZE_MAX;
        return NULL;
    }
    return mem_part(base, used, floats, sizeof(float));
}

enum err_code stream_scratch_bytes(const struct stream *s, int width, size_t *bytes, struct err *e)
{
    struct stream_area a;
    size_t used = 0;
    take_books(s, NULL, &used, &a);
    int widest = 0;
    for (int k = 0; k < s->tensor_count; k++) {
        int columns = stream_widest(s, width, k);
        widest = columns > widest ? columns : widest;
        take_ring(&s->tensors[k], columns, NULL, &used);
    }
    mem_part(NULL, &used, (size_t)widest + PLANE_SLACK, sizeof(float));
    if (used == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's rows cannot be addressed");
    *bytes = used;
    return ERR_OK;
}

float *stream_row(const struct stream_area *a, int tensor, int block, int y, int x)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    const struct stream_ring *ring = &a->rings[tensor];
    assert(y >= a->first[tensor] && x >= a->x[tensor].lo);
    size_t at = (size_t)((y - a->first[tensor]) % t->ring) * (size_t)blocks_of(t) + (size_t)block;
    return ring->base + at * ring->row +
           (size_t)(x - a->x[tensor].lo) * (t->blocked ? (size_t)LANES : 1);
}

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
    for (int b = 0; lo < hi && b < blocks_of(t); b++)
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
    profile_end(a->io->profile, place_of(a->s, t), begun);
}

/* Divides the scratch for this area's columns and sets all tensors to their first rows. */
static int lay_out(struct stream_area *a, void *scratch, struct plan_rect keep)
{
    const struct stream *s = a->s;
    size_t used = 0;
    int widest = 0;
    take_books(s, scratch, &used, a);
    stream_needs(s, AXIS_X, (struct span){keep.x, keep.x + keep.width}, a->x);
    for (int k = 0; k < s->tensor_count; k++) {
        int columns = a->x[k].hi - a->x[k].lo;
        widest = columns > widest ? columns : widest;
        a->rings[k].row = row_floats(&s->tensors[k], columns);
        a->rings[k].base = take_ring(&s->tensors[k], columns, scratch, &used);
    }
    a->line = mem_part(scratch, &used, (size_t)widest + PLANE_SLACK, sizeof *a->line);
    stream_needs(s, AXIS_Y, (struct span){keep.y, keep.y + keep.height}, a->y);
    for (int k = 0; k < s->tensor_count; k++)
        a->last[k] = a->y[k].hi;
    int to = stream_begin(s, keep.y, a->y, a->made);
    memcpy(a->first, a->made, (size_t)s->tensor_count * sizeof *a->first);
    return to;
}

void stream_run(const struct stream *s, void *scratch, struct plan_rect keep,
                const struct pair *sides, const struct plan_io *io)
{
    struct stream_area a = {.s = s, .sides = sides, .io = io};
    int end = keep.y + keep.height;
    for (int to = lay_out(&a, scratch, keep); a.made[s->output] < end;) {
        to += stream_period(s);
        stream_needs(s, AXIS_Y, (struct span){keep.y, to}, a.y);
        int before = a.made[s->output] < keep.y ? keep.y : a.made[s->output];
        for (int k = 0; k < s->step_count; k++)
            run_step(&a, &s->steps[k]);
        int after = a.made[s->output];
        store_rows(&a, keep, before, after < end ? after : end);
    }
}
