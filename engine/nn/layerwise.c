/* layerwise.c - see layerwise.h. The buffer of a tensor is used again as soon as no later layer
 * reads the tensor. */
#include "engine/nn/layerwise.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/geometry.h"

enum { NONE = -1, MAX_SIDE = 1 << 24 };

/* How one layer runs. */
struct step {
    bool fused;       /* runs inside the step before it */
    int then;         /* the activation fused into this layer, or NONE */
    int slot;         /* of the output, after `then` */
    int indices_slot; /* of the indices, if a layer reads them; otherwise NONE */
    int last_reader;  /* the last layer that reads the output */
    int last_unpool;  /* the last layer that reads the indices, or NONE */
    int readers;      /* of the output */
    size_t packed;    /* where its weights begin */
};

struct layerwise {
    const struct model *m;
    struct step *steps; /* one for each layer */
    int slot_count;
    float *packed;
};

/* A buffer while slots are assigned. `samples` is the size of its largest tensor in a long
 * window. */
struct slot {
    double samples;
    int busy_until; /* the last layer that reads it */
};

static void find_readers(struct layerwise *p)
{
    const struct model *m = p->m;
    for (int i = 0; i < m->layer_count; i++)
        p->steps[i] = (struct step){.then = NONE,
                                    .slot = NONE,
                                    .indices_slot = NONE,
                                    .last_reader = NONE,
                                    .last_unpool = NONE};
    for (int i = 0; i < m->layer_count; i++) {
        const struct layer *l = &m->layers[i];
        bool unpool = l->kind == LAYER_MAX_UNPOOL2D; /* it reads the indices of its other input */
        for (int k = -1; k < (unpool ? 0 : l->other_count); k++) {
            int id = k < 0 ? l->input : l->others[k];
            if (id == LAYER_INPUT)
                continue;
            p->steps[id].last_reader = i;
            p->steps[id].readers++;
        }
        if (unpool)
            p->steps[l->others[0]].last_unpool = i;
    }
    p->steps[m->layer_count - 1].last_reader = m->layer_count; /* the caller reads it */
    p->steps[m->layer_count - 1].readers++;
}

static void fuse(struct layerwise *p)
{
    const struct model *m = p->m;
    for (int i = 0; i + 1 < m->layer_count; i++) {
        bool conv =
            m->layers[i].kind == LAYER_CONV2D || m->layers[i].kind == LAYER_CONV_TRANSPOSE2D;
        const struct layer *next = &m->layers[i + 1];
        if (!conv || !layer_table[next->kind].activation || next->input != i ||
            p->steps[i].readers != 1)
            continue;
        p->steps[i].then = i + 1;
        p->steps[i + 1].fused = true;
    }
}

/* Returns the free buffer that needs to grow least for `samples`, or a new one. */
static int take_slot(struct layerwise *p, struct slot *slots, int now, double samples, int until)
{
    int best = NONE;
    double best_growth = samples;
    for (int k = 0; k < p->slot_count; k++) {
        double growth = samples > slots[k].samples ? samples - slots[k].samples : 0;
        if (slots[k].busy_until < now && growth < best_growth) {
            best = k;
            best_growth = growth;
        }
    }
    if (best == NONE) {
        best = p->slot_count++;
        slots[best].samples = 0;
    }
    if (samples > slots[best].samples)
        slots[best].samples = samples;
    slots[best].busy_until = until;
    return best;
}

static void find_slots(struct layerwise *p, const struct extent *y, const struct extent *x,
                       struct slot *slots)
{
    const struct model *m = p->m;
    for (int i = 0; i < m->layer_count; i++) {
        struct step *s = &p->steps[i];
        const struct layer *l = &m->layers[i];
        if (s->fused)
            continue;
        int result = s->then == NONE ? i : s->then; /* the layer whose output this step stores */
        int until = p->steps[result].last_reader;
        double samples = (double)y[1 + i].size * (double)x[1 + i].size * l->channels;
        bool in_place = layer_table[l->kind].activation && l->input != LAYER_INPUT &&
                        p->steps[l->input].last_reader == i;
        if (in_place) {
            s->slot = p->steps[l->input].slot;
            slots[s->slot].busy_until = until;
        } else {
            /* a result that no layer reads needs its buffer until this step is done */
            s->slot = take_slot(p, slots, i, samples, until < i ? i : until);
        }
        p->steps[result].slot = s->slot;
        if (s->last_unpool != NONE)
            s->indices_slot = take_slot(p, slots, i, samples, s->last_unpool);
    }
}

static enum err_code pack_weights(struct layerwise *p, struct err *e)
{
    const struct model *m = p->m;
    size_t total = 0;
    for (int i = 0; i < m->layer_count; i++) {
        const struct layer_row *row = &layer_table[m->layers[i].kind];
        size_t floats = 0;
        p->steps[i].packed = total;
        if ((row->packed_floats && !row->packed_floats(&m->layers[i], &floats)) ||
            !size_add(total, (floats + 15) / 16 * 16, &total)) /* each begins on a cache line */
            return err_set(e, ERR_MODEL_LIMIT,
                           "$.layers[%d].weight: the tensor is too large to be packed", i);
    }
    p->packed = mem_alloc(total, sizeof *p->packed);
    if (!p->packed)
        return err_set(e, ERR_MEMORY, "no memory for %zu weights", total);
    for (int i = 0; i < m->layer_count; i++)
        if (layer_table[m->layers[i].kind].pack)
            layer_table[m->layers[i].kind].pack(&m->layers[i], p->packed + p->steps[i].packed);
    return ERR_OK;
}

enum err_code layerwise_new(const struct model *m, struct layerwise **out, struct err *e)
{
    size_t layers = (size_t)m->layer_count;
    enum err_code rc = ERR_MEMORY;
    struct layerwise *p = mem_calloc(1, sizeof *p);
    struct extent *extents = mem_calloc(2 * (layers + 1), sizeof *extents);
    struct slot *slots = mem_calloc(2 * layers, sizeof *slots); /* values and indices */
    if (p)
        p->steps = mem_calloc(layers, sizeof *p->steps);
    if (!p || !extents || !slots || !p->steps) {
        err_set(e, rc, "no memory for the plan of %d layers", m->layer_count);
        goto done;
    }
    p->m = m;
    int64_t n = (int64_t)m->geometry.least * 16; /* only the proportions matter */
    geometry_walk(m, AXIS_Y, n, extents);
    geometry_walk(m, AXIS_X, n, extents + layers + 1);
    find_readers(p);
    fuse(p);
    find_slots(p, extents, extents + layers + 1, slots);
    rc = pack_weights(p, e);
    if (rc)
        goto done;
    *out = p;
    p = NULL;
done:
    mem_free(slots);
    mem_free(extents);
    layerwise_free(p);
    return rc;
}

void layerwise_free(struct layerwise *p)
{
    if (!p)
        return;
    mem_free(p->packed);
    mem_free(p->steps);
    mem_free(p);
}

/* The division of the scratch of one window. */
struct layout {
    struct extent *y, *x; /* as geometry_walk leaves them */
    size_t *slots;        /* bytes, then offsets, of the buffers */
};

/* The result cannot overflow, because a model has at most INT_MAX layers, with two slots each. */
static size_t head_bytes(const struct layerwise *p)
{
    size_t bytes = 2 * ((size_t)p->m->layer_count + 1) * sizeof(struct extent) +
                   (size_t)p->slot_count * sizeof(size_t);
    return (bytes + MEM_ALIGN - 1) / MEM_ALIGN * MEM_ALIGN;
}

static struct layout layout_in(const struct layerwise *p, void *head)
{
    struct layout l;
    l.y = head;
    l.x = l.y + p->m->layer_count + 1;
    l.slots = (size_t *)(l.x + p->m->layer_count + 1);
    return l;
}

static void need(size_t *slot, size_t bytes)
{
    *slot = bytes > *slot ? bytes : *slot;
}

/* Fills the layout for a window. Returns false if sizes cannot be represented. */
static bool measure(const struct layerwise *p, int width, int height, struct layout *l,
                    size_t *total)
{
    const struct model *m = p->m;
    if (geometry_walk(m, AXIS_Y, height, l->y) < m->layer_count ||
        geometry_walk(m, AXIS_X, width, l->x) < m->layer_count)
        return false;
    memset(l->slots, 0, (size_t)p->slot_count * sizeof *l->slots);
    for (int i = 0; i < m->layer_count; i++) {
        int64_t w = l->x[1 + i].size, h = l->y[1 + i].size;
        size_t bytes;
        if (w > MAX_SIDE || h > MAX_SIDE || w * h > INT_MAX ||
            !size_mul3((size_t)(w * h), (size_t)m->layers[i].channels, sizeof(float), &bytes) ||
            !size_add(bytes, MEM_ALIGN - 1, &bytes))
            return false;
        bytes -= bytes % MEM_ALIGN;
        need(&l->slots[p->steps[i].slot], bytes);
        if (p->steps[i].indices_slot != NONE)
            need(&l->slots[p->steps[i].indices_slot], bytes);
    }
    *total = head_bytes(p);
    for (int k = 0; k < p->slot_count; k++) {
        size_t at = *total;
        if (!size_add(at, l->slots[k], total))
            return false;
        l->slots[k] = at;
    }
    return true;
}

static int64_t window_side(const struct model_geometry *g, int side)
{
    int64_t aligned = ceil_div(side, g->align) * g->align;
    return aligned > g->least ? aligned : g->least;
}

enum err_code layerwise_scratch_bytes(const struct layerwise *p, int width, int height,
                                      size_t *bytes, struct err *e)
{
    int64_t w = window_side(&p->m->geometry, width), h = window_side(&p->m->geometry, height);
    void *head = mem_alloc(1, head_bytes(p));
    if (!head)
        return err_set(e, ERR_MEMORY, "no memory to measure a plan");
    struct layout l = layout_in(p, head);
    size_t total;
    bool fits = w <= MAX_SIDE && h <= MAX_SIDE && measure(p, (int)w, (int)h, &l, &total);
    mem_free(head);
    if (!fits)
        return err_set(e, ERR_MODEL_LIMIT,
                       "the model's buffers for a window of %dx%d pixels cannot be represented",
                       width, height);
    *bytes = total;
    return ERR_OK;
}

/* Takes the arguments of one step from the layout. */
static void run_step(const struct layerwise *p, int i, const struct layout *l, char *scratch,
                     const struct layerwise_window *w)
{
    const struct model *m = p->m;
    const struct step *s = &p->steps[i];
    const struct layer *layer = &m->layers[i];
    struct layer_run r = {.layer = layer, .packed = p->packed + s->packed, .cancel = w->cancel};
    int ids[LAYER_INPUTS_MAX];
    r.in_count = geometry_inputs(m, i, ids);
    for (int k = 0; k < r.in_count; k++) {
        int id = ids[k];
        bool given = id == LAYER_INPUT;
        r.in[k] = given ? w->in : (float *)(void *)(scratch + l->slots[p->steps[id].slot]);
        r.in_shape[k] = given ? (struct shape){w->width, w->height, m->geometry.in_channels}
                              : (struct shape){(int)l->x[1 + id].size, (int)l->y[1 + id].size,
                                               m->layers[id].channels};
    }
    r.out = (float *)(void *)(scratch + l->slots[s->slot]);
    r.out_shape = (struct shape){(int)l->x[1 + i].size, (int)l->y[1 + i].size, layer->channels};
    int indices = layer->kind == LAYER_MAX_UNPOOL2D ? p->steps[layer->others[0]].indices_slot
                                                    : s->indices_slot;
    if (indices != NONE)
        r.indices = (int32_t *)(void *)(scratch + l->slots[indices]);
    if (s->then != NONE)
        r.then = &m->layers[s->then];
    layer_table[layer->kind].run(&r);
    if (w->macs) {
        struct shape at = layer->kind == LAYER_CONV_TRANSPOSE2D ? r.in_shape[0] : r.out_shape;
        *w->macs += geometry_macs(layer) * at.width * at.height;
    }
}

static void copy_out(const struct layerwise *p, const struct layerwise_window *w,
                     const struct layout *l, const char *scratch)
{
    const struct model_geometry *g = &p->m->geometry;
    int last = p->m->layer_count - 1, made = (int)l->x[1 + last].size;
    int x = w->keep.x - g->crop.x, y = w->keep.y - g->crop.y;
    assert(x >= 0 && y >= 0 && x + w->keep.width <= made &&
           y + w->keep.height <= l->y[1 + last].size);
    const float *from = (const float *)(const void *)(scratch + l->slots[p->steps[last].slot]);
    size_t channels = (size_t)g->out_channels;
    for (int row = 0; row < w->keep.height; row++)
        memcpy(w->out + (size_t)row * w->out_stride,
               from + ((size_t)(y + row) * (size_t)made + (size_t)x) * channels,
               (size_t)w->keep.width * channels * sizeof *w->out);
}

/* Returns the positions of a layer along an axis at which each of its taps is used once. */
static double length_of(const struct model *m, int i, const struct extent *extents)
{
    const struct layer *l = &m->layers[i];
    return (double)extents[l->kind == LAYER_CONV_TRANSPOSE2D ? 1 + l->input : 1 + i].size;
}

void layerwise_lengths(const struct layerwise *p, enum axis axis, int side, struct extent *extents,
                       double *lengths)
{
    geometry_walk(p->m, axis, side, extents);
    for (int i = 0; i < p->m->layer_count; i++)
        lengths[i] = length_of(p->m, i, extents);
}

void layerwise_run(const struct layerwise *p, void *scratch, const struct layerwise_window *w)
{
    struct layout l = layout_in(p, scratch);
    size_t total;
    bool fits = measure(p, w->width, w->height, &l, &total);
    assert(fits); /* layerwise_scratch_bytes has checked it */
    if (!fits)
        return;
    for (int i = 0; i < p->m->layer_count && !layer_is_cancelled(w->cancel); i++) {
        uint64_t begun = profile_begin(w->profile);
        if (!p->steps[i].fused)
            run_step(p, i, &l, scratch, w);
        profile_end(w->profile, i, begun);
    }
    if (!layer_is_cancelled(w->cancel))
        copy_out(p, w, &l, scratch);
}
