/* stream_area.c - see stream_area.h. It divides the scratch of an area. */
#include "engine/nn/stream_area.h"

#include <assert.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"

enum { LANES = KERNEL_LANES };

/* Kernels read and write planes in vectors, up to 15 samples beyond a row, or 31 if they are
 * interleaved or tall. */
enum { PLANE_SLACK = 2 * LANES };

static size_t planar_floats(int width)
{
    return ((size_t)width + PLANE_SLACK + LANES - 1) / LANES * LANES;
}

/* Returns the floats that the step's kernel needs for its transforms. */
static size_t scratch_of(const struct stream *s, const struct stream_step *t)
{
    if (t->op == STREAM_WINOGRAD)
        return kernel_winograd_scratch(t->tile, t->in_channels);
    if (t->op == STREAM_TALL)
        return kernel_tall_scratch(t->phases > 1 ? s->tensors[t->out].channels : 1);
    return 0;
}

/* Divides what each round has, except for a->line. */
static void take_own(const struct stream *s, void *base, size_t *used, struct stream_area *a)
{
    size_t pointers = 0, scratch = 0;
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        size_t rows = (size_t)t->taps.y;
        if (stream_is_tiled(t, AXIS_Y))
            rows += (size_t)t->tile - 1;
        size_t needed = rows * (size_t)t->in_channels;
        size_t outs = (size_t)(t->tile * t->phases) * (size_t)s->tensors[t->out].channels;
        needed = needed > outs ? needed : outs;
        needed = needed > (size_t)t->in_count ? needed : (size_t)t->in_count;
        pointers = needed > pointers ? needed : pointers;
        needed = scratch_of(s, t);
        scratch = needed > scratch ? needed : scratch;
    }
    a->y = mem_part(base, used, (size_t)s->tensor_count, sizeof *a->y);
    a->in = mem_part(base, used, pointers, sizeof *a->in);
    a->out = mem_part(base, used, pointers, sizeof *a->out);
    a->add = mem_part(base, used, pointers, sizeof *a->add);
    a->scratch = mem_part(base, used, scratch, sizeof *a->scratch);
}

/* Divides what rounds share, except for rows. */
static void take_shared(const struct stream *s, void *base, size_t *used, struct stream_area *a)
{
    size_t tensors = (size_t)s->tensor_count;
    a->x = mem_part(base, used, tensors, sizeof *a->x);
    a->first = mem_part(base, used, tensors, sizeof *a->first);
    a->made = mem_part(base, used, tensors, sizeof *a->made);
    a->last = mem_part(base, used, tensors, sizeof *a->last);
    a->rings = mem_part(base, used, tensors, sizeof *a->rings);
    a->spares = mem_part(base, used, (size_t)(a->depth * s->pool_count), sizeof *a->spares);
}

static float *take_rows(size_t rows, size_t floats, void *base, size_t *used)
{
    if (!size_mul(rows, floats, &floats)) {
        *used = SIZE_MAX;
        return NULL;
    }
    return mem_part(base, used, floats, sizeof(float));
}

/* Rows as wide as they are and as many as may exist at a time. */
struct extent_of_rows {
    int width, depth;
};

/* Divides the rows of planes of a tensor, or the places for its rows of blocks. */
static void take_ring(const struct stream_tensor *t, struct extent_of_rows x, void *base,
                      size_t *used, struct stream_ring *ring)
{
    *ring = (struct stream_ring){.places = t->ring + (x.depth - 1) * t->more,
                                 .row = planar_floats(x.width)};
    size_t rows = (size_t)ring->places * (size_t)stream_blocks(t); /* both are small */
    if (t->pool == STREAM_OWN) {
        ring->base = take_rows(rows, ring->row, base, used);
        return;
    }
    ring->slots = mem_part(base, used, rows, sizeof *ring->slots);
    if (base)
        for (size_t i = 0; i < rows; i++)
            ring->slots[i] = NULL;
}

static struct stream_spare *spare_of(const struct stream_area *a, int pool, int hand)
{
    return &a->spares[hand * a->s->pool_count + pool];
}

/* Divides the rows of a pool, each as wide as the widest of its tensors. */
static void take_pool(const struct stream_area *a, int pool, int width, void *base, size_t *used)
{
    const struct stream_pool *p = &a->s->pools[pool];
    size_t rows = (size_t)(p->rows + (a->depth - 1) * p->more), floats = (size_t)width * LANES;
    for (int hand = 0; hand < a->depth; hand++) {
        float **spare = mem_part(base, used, rows, sizeof *spare);
        if (base)
            *spare_of(a, pool, hand) = (struct stream_spare){.rows = spare};
    }
    float *first = take_rows(rows, floats, base, used);
    for (size_t i = 0; base && i < rows; i++) { /* the first is taken first */
        struct stream_spare *spare = spare_of(a, pool, (int)((rows - 1 - i) % (size_t)a->depth));
        spare->rows[spare->count++] = first + (rows - 1 - i) * floats;
    }
}

enum err_code stream_area_bytes(const struct stream *s, int width, int depth, size_t *bytes,
                                struct err *e)
{
    struct stream_area a = {.s = s, .depth = depth};
    size_t used = 0;
    take_shared(s, NULL, &used, &a);
    struct stream_ring ring;
    for (int k = 0; k < s->tensor_count; k++)
        take_ring(&s->tensors[k], (struct extent_of_rows){stream_widest(s, width, k), depth}, NULL,
                  &used, &ring);
    for (int p = 0; p < s->pool_count; p++) {
        int columns = 0;
        for (int k = 0; k < s->tensor_count; k++)
            if (s->tensors[k].pool == p && stream_widest(s, width, k) > columns)
                columns = stream_widest(s, width, k);
        take_pool(&a, p, columns, NULL, &used);
    }
    if (used == SIZE_MAX)
        return err_set(e, ERR_MODEL_LIMIT, "the model's rows cannot be addressed");
    *bytes = used;
    return ERR_OK;
}

enum err_code stream_round_bytes(const struct stream *s, int width, size_t *bytes, struct err *e)
{
    struct stream_area a;
    size_t used = 0;
    int widest = 0;
    take_own(s, NULL, &used, &a);
    for (int k = 0; k < s->tensor_count; k++)
        widest = stream_widest(s, width, k) > widest ? stream_widest(s, width, k) : widest;
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
    return (size_t)((y - a->first[tensor]) % a->rings[tensor].places) * (size_t)stream_blocks(t);
}

float *stream_row(const struct stream_area *a, int tensor, int block, int y, int x)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    const struct stream_ring *ring = &a->rings[tensor];
    assert(x >= a->x[tensor].lo);
    size_t at = place_of(a, tensor, y) + (size_t)block, column = (size_t)(x - a->x[tensor].lo);
    if (t->pool == STREAM_OWN)
        return ring->base + at * ring->row + column;
    assert(ring->slots[at]);
    return ring->slots[at] + column * LANES;
}

/* Takes the row that the round itself gave back last, or else one of the hand that has the most. */
static float *take_spare(const struct stream_area *a, int pool)
{
    struct stream_spare *spare = spare_of(a, pool, a->hand);
    if (spare->count > 0)
        return spare->rows[--spare->count];
    int most = 0;
    for (int hand = 1; hand < a->depth; hand++)
        if (spare_of(a, pool, hand)->count > spare_of(a, pool, most)->count)
            most = hand;
    spare = spare_of(a, pool, most);
    assert(spare->count > 0);
    float *row = spare->rows[0];
    spare->rows[0] = spare->rows[--spare->count];
    return row;
}

void stream_area_take(struct stream_area *a, int tensor, int end)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    struct stream_ring *ring = &a->rings[tensor];
    if (t->pool == STREAM_OWN)
        return;
    int blocks = stream_blocks(t);
    for (; ring->taken < end; ring->taken++)
        for (int b = 0; b < blocks; b++)
            ring->slots[place_of(a, tensor, ring->taken) + (size_t)b] = take_spare(a, t->pool);
}

void stream_area_drop(struct stream_area *a, int tensor)
{
    const struct stream_tensor *t = &a->s->tensors[tensor];
    struct stream_ring *ring = &a->rings[tensor];
    if (t->pool == STREAM_OWN)
        return;
    struct stream_spare *spare = spare_of(a, t->pool, a->hand);
    int least = stream_oldest(a->s, tensor, a->made, a->last);
    for (; ring->held < least; ring->held++)
        for (int b = stream_blocks(t); b-- > 0;) {
            float **slot = &ring->slots[place_of(a, tensor, ring->held) + (size_t)b];
            spare->rows[spare->count++] = *slot;
            *slot = NULL;
        }
}

/* Finds the spans of all tensors for outputs `want`. */
static void find_needs(const struct stream_area *a, enum axis axis, struct span want,
                       struct span *spans)
{
    int side = a->sides ? pair_at(*a->sides, axis) : STREAM_ENDLESS;
    stream_needs_within(a->s, axis, side, want, spans);
}

/* Sets all tensors to their first rows. Returns what stream_begin returns. */
static int set_rows(struct stream_area *a, struct plan_rect keep, struct span *y)
{
    const struct stream *s = a->s;
    int from = stream_begin(s, keep.y, y, a->made);
    find_needs(a, AXIS_Y, (struct span){keep.y, keep.y + keep.height}, y);
    for (int k = 0; k < s->tensor_count; k++) {
        a->first[k] = a->made[k] = y[k].lo;
        a->last[k] = y[k].hi;
    }
    return from;
}

int stream_area_lay_out(struct stream_area *a, void *block, struct plan_rect keep)
{
    const struct stream *s = a->s;
    size_t used = 0;
    take_shared(s, block, &used, a);
    int from = set_rows(a, keep, a->x); /* a->x is only room here */
    find_needs(a, AXIS_X, (struct span){keep.x, keep.x + keep.width}, a->x);
    for (int k = 0; k < s->tensor_count; k++)
        take_ring(&s->tensors[k], (struct extent_of_rows){a->x[k].hi - a->x[k].lo, a->depth}, block,
                  &used, &a->rings[k]);
    for (int p = 0; p < s->pool_count; p++) {
        int columns = 0;
        for (int k = 0; k < s->tensor_count; k++)
            if (s->tensors[k].pool == p && a->x[k].hi - a->x[k].lo > columns)
                columns = a->x[k].hi - a->x[k].lo;
        take_pool(a, p, columns, block, &used);
    }
    for (int k = 0; k < s->tensor_count; k++)
        a->rings[k].held = a->rings[k].taken = a->first[k];
    a->bytes = used;
    return from;
}

void stream_area_own(struct stream_area *a, void *block)
{
    size_t used = 0;
    int widest = 0;
    take_own(a->s, block, &used, a);
    for (int k = 0; k < a->s->tensor_count; k++)
        widest = a->x[k].hi - a->x[k].lo > widest ? a->x[k].hi - a->x[k].lo : widest;
    a->line = mem_part(block, &used, (size_t)widest + PLANE_SLACK, sizeof *a->line);
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
