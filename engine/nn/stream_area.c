/* stream_area.c - see stream_area.h. It divides the scratch of an area. */
#include "engine/nn/stream_area.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"

enum { LANES = KERNEL_LANES };

/* Kernels read and write planes in vectors, up to 15 samples beyond a row, or 31 if interleaved.
 * When blocks become planes, kernels read up to 15 pixels beyond a row. */
enum { PLANE_SLACK = 2 * LANES, BLOCK_SLACK = LANES * LANES };

int stream_blocks(const struct stream_tensor *t)
{
    return t->blocked ? (t->channels + LANES - 1) / LANES : t->channels;
}

static size_t row_floats(const struct stream_tensor *t, int width)
{
    size_t planar = ((size_t)width + PLANE_SLACK + LANES - 1) / LANES * LANES;
    return t->blocked ? (size_t)width * LANES : planar;
}

/* Divides everything except the rings. */
static void take_books(const struct stream *s, void *base, size_t *used, struct stream_area *a)
{
    size_t tensors = (size_t)s->tensor_count, pointers = 0, winograd = 0;
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        size_t rows = (size_t)(t->op == STREAM_WINOGRAD ? 6 : t->taps.y);
        size_t needed = rows * (size_t)t->in_channels;
        size_t outs = (size_t)(4 * t->phases) * (size_t)s->tensors[t->out].channels;
        needed = needed > outs ? needed : outs;
        needed = needed > (size_t)t->in_count ? needed : (size_t)t->in_count;
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
    if (!size_mul((size_t)t->ring, (size_t)stream_blocks(t), &rows) ||
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
    size_t at =
        (size_t)((y - a->first[tensor]) % t->ring) * (size_t)stream_blocks(t) + (size_t)block;
    return ring->base + at * ring->row +
           (size_t)(x - a->x[tensor].lo) * (t->blocked ? (size_t)LANES : 1);
}

/* Finds the spans of all tensors for outputs `want`. */
static void find_needs(const struct stream_area *a, enum axis axis, struct span want,
                       struct span *spans)
{
    int side = a->sides ? pair_at(*a->sides, axis) : STREAM_ENDLESS;
    stream_needs_within(a->s, axis, side, want, spans);
}

/* Divides the scratch for this area's columns and sets all tensors to their first rows. */
int stream_area_lay_out(struct stream_area *a, void *scratch, struct plan_rect keep)
{
    const struct stream *s = a->s;
    size_t used = 0;
    int widest = 0;
    take_books(s, scratch, &used, a);
    find_needs(a, AXIS_X, (struct span){keep.x, keep.x + keep.width}, a->x);
    for (int k = 0; k < s->tensor_count; k++) {
        int columns = a->x[k].hi - a->x[k].lo;
        widest = columns > widest ? columns : widest;
        a->rings[k].row = row_floats(&s->tensors[k], columns);
        a->rings[k].base = take_ring(&s->tensors[k], columns, scratch, &used);
    }
    a->line = mem_part(scratch, &used, (size_t)widest + PLANE_SLACK, sizeof *a->line);
    int to = stream_begin(s, keep.y, a->y, a->made);
    find_needs(a, AXIS_Y, (struct span){keep.y, keep.y + keep.height}, a->y);
    for (int k = 0; k < s->tensor_count; k++) {
        a->first[k] = a->made[k] = a->y[k].lo;
        a->last[k] = a->y[k].hi;
    }
    return to;
}

struct span stream_area_domain(const struct stream_area *a, int tensor, enum axis axis)
{
    return stream_domain(&a->s->tensors[tensor], axis, pair_at(*a->sides, axis));
}

struct span stream_area_within(const struct stream_area *a, const struct stream_step *t,
                               enum axis axis, struct span want)
{
    return a->sides ? stream_within(t, stream_area_domain(a, t->out, axis), want) : want;
}
