/* stream_area.c - see stream_area.h. It divides the scratch of an area. */
#include "engine/nn/stream_area.h"

#include <assert.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"

enum { LANES = KERNEL_LANES };

/* Kernels read and write planes in vectors, up to 15 samples beyond a row, or 31 if they are
 * interleaved or tall. When blocks become planes, kernels read up to 15 pixels beyond a row. */
enum { PLANE_SLACK = 2 * LANES, BLOCK_SLACK = LANES * LANES };

static size_t planar_floats(int width)
{
    return ((size_t)width + PLANE_SLACK + LANES - 1) / LANES * LANES;
}

/* Returns the floats that the step's kernel needs for its transforms. */
static size_t scratch_of(const struct stream *s, const struct stream_step *t)
{
    if (t->op == STREAM_WINOGRAD)
        return kernel_winograd_scratch(t->in_channels);
    if (t->op == STREAM_TALL)
        return kernel_tall_scratch(t->phases > 1 ? s->tensors[t->out].channels : 1);
    return 0;
}

/* Divides everything except the rings. */
static void take_books(const struct stream *s, void *base, size_t *used, struct stream_area *a)
{
    size_t tensors = (size_t)s->tensor_count, pointers = 0, scratch = 0;
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        size_t rows = (size_t)t->taps.y;
        if (stream_is_tiled(t, AXIS_Y))
            rows += STREAM_GRID - 1;
        size_t needed = rows * (size_t)t->in_channels;
        size_t outs = (size_t)(4 * t->phases) * (size_t)s->tensors[t->out].channels;
        needed = needed > outs ? needed : outs;
        needed = needed > (size_t)t->in_count ? needed : (size_t)t->in_count;
        pointers = needed > pointers ? needed : pointers;
        needed = scratch_of(s, t);
        scratch = needed > scratch ? needed : scratch;
    }
    a->x = mem_part(base, used, tensors, sizeof *a->x);
    a->y = mem_part(base, used, tensors, sizeof *a->y);
    a->first = mem_part(base, used, tensors, sizeof *a->first);
    a->made = mem_part(base, used, tensors, sizeof *a->made);
    a->last = mem_part(base, used, tensors, sizeof *a->last);
    a->rings = mem_part(base, used, tensors, sizeof *a->rings);
    a->spares = mem_part(base, used, (size_t)s->pool_count, sizeof *a->spares);
    a->in = mem_part(base, used, pointers, sizeof *a->in);
    a->out = mem_part(base, used, pointers, sizeof *a->out);
    a->add = mem_part(base, used, pointers, sizeof *a->add);
    a->scratch = mem_part(base, used, scratch, sizeof *a->scratch);
}

static float *take_rows(size_t rows, size_t floats, void *base, size_t *used)
{
    if (!size_mul(rows, floats, &floats) || !size_add(floats, BLOCK_SLACK, &floats)) {
        *used = SIZE_MAX;
        return NULL;
    }
    return mem_part(base, used, floats, sizeof(float));
}

/* Divides the rows of planes of a tensor, or the places for its rows of blocks. */
static void take_ring(const struct stream_tensor *t, int width, void *base, size_t *used,
                      struct stream_ring *ring)
{
    size_t rows = (size_t)t->ring * (size_t)stream_blocks(t); /* both are small */
    *ring = (struct stream_ring){.row = planar_floats(width)};
    if (t->pool == STREAM_OWN)
        ring->base = take_rows(rows, ring->row, base, used);
    else
        ring->slots = mem_part(base, used, rows, sizeof *ring->slots);
}

/* Divides the rows of a pool, each as wide as the widest of its tensors. */
static void take_pool(const struct stream_pool *p, int width, void *base, size_t *used,
                      struct stream_spare *spare)
{
    size_t rows = (size_t)p->rows, floats = (size_t)width * LANES;
    spare->rows = mem_part(base, used, rows, sizeof *spare->rows);
    float *first = take_rows(rows, floats, base, used);
    if (base)
        for (size_t i = 0; i < rows; i++) /* the first is taken first */
            spare->rows[i] = first + (rows - 1 - i) * floats;
    spare->count = p->rows;
}

enum err_code stream_scratch_bytes(const struct stream *s, int width, size_t *bytes, struct err *e)
{
    struct stream_area a;
    size_t used = 0;
    take_books(s, NULL, &used, &a);
    struct stream_spare spare;
    struct stream_ring ring;
    int widest = 0;
    for (int k = 0; k < s->tensor_count; k++) {
        int columns = stream_widest(s, width, k);
        widest = columns > widest ? columns : widest;
        take_ring(&s->tensors[k], columns, NULL, &used, &ring);
    }
    for (int p = 0; p < s->pool_count; p++) {
        int columns = 0;
        for (int k = 0; k < s->tensor_count; k++)
            if (s->tensors[k].pool == p && stream_widest(s, width, k) > columns)
                columns = stream_widest(s, width, k);
        take_pool(&s->pools[p], columns, NULL, &used, &spare);
    }
    mem_part(NULL, &used, (size_t)widest + PLANE_SLACK, sizeof(float));
    if (used == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's rows cannot be addressed");
    *bytes = used;
    return ERR_OK;
}

/* Returns the place of the first block or plane of a row. */
static size_t place_of(const struct stream_area *a, int tensor, int y)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    assert(y >= a->first[tensor]);
    return (size_t)((y - a->first[tensor]) % t->ring) * (size_t)stream_blocks(t);
}

float *stream_row(const struct stream_area *a, int tensor, int block, int y, int x)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    const struct stream_ring *ring = &a->rings[tensor];
    assert(x >= a->x[tensor].lo);
    size_t at = place_of(a, tensor, y) + (size_t)block, column = (size_t)(x - a->x[tensor].lo);
    if (t->pool == STREAM_OWN)
        return ring->base + at * ring->row + column;
    assert(y >= ring->held && y < ring->taken);
    return ring->slots[at] + column * LANES;
}

void stream_area_take(struct stream_area *a, int tensor, int end)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    struct stream_ring *ring = &a->rings[tensor];
    if (t->pool == STREAM_OWN)
        return;
    struct stream_spare *spare = &a->spares[t->pool];
    int blocks = stream_blocks(t);
    for (; ring->taken < end; ring->taken++)
        for (int b = 0; b < blocks; b++) {
            assert(spare->count > 0);
            ring->slots[place_of(a, tensor, ring->taken) + (size_t)b] = spare->rows[--spare->count];
        }
}

void stream_area_drop(struct stream_area *a, int tensor)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    struct stream_ring *ring = &a->rings[tensor];
    if (t->pool == STREAM_OWN)
        return;
    struct stream_spare *spare = &a->spares[t->pool];
    int least = stream_oldest(a->s, tensor, a->made, a->last);
    for (; ring->held < least; ring->held++)
        for (int b = stream_blocks(t); b-- > 0;)
            spare->rows[spare->count++] = ring->slots[place_of(a, tensor, ring->held) + (size_t)b];
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
        take_ring(&s->tensors[k], columns, scratch, &used, &a->rings[k]);
    }
    for (int p = 0; p < s->pool_count; p++) {
        int columns = 0;
        for (int k = 0; k < s->tensor_count; k++)
            if (s->tensors[k].pool == p && a->x[k].hi - a->x[k].lo > columns)
                columns = a->x[k].hi - a->x[k].lo;
        take_pool(&s->pools[p], columns, scratch, &used, &a->spares[p]);
    }
    a->line = mem_part(scratch, &used, (size_t)widest + PLANE_SLACK, sizeof *a->line);
    int to = stream_begin(s, keep.y, a->y, a->made);
    find_needs(a, AXIS_Y, (struct span){keep.y, keep.y + keep.height}, a->y);
    for (int k = 0; k < s->tensor_count; k++) {
        a->first[k] = a->made[k] = a->rings[k].held = a->rings[k].taken = a->y[k].lo;
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
    return a->sides ? stream_within(t, axis, stream_area_domain(a, t->out, axis), want) : want;
}
