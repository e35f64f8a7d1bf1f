/* geometry.c - see geometry.h and struct model_geometry.
 *
 * Every law of size is linear if the sides of a window are multiples of `align`: a tensor then has
 * rate * n + constant samples, and moving the window by a multiple of `align` only shifts its
 * samples. So one walk suffices, with a window so long that the effects of its two ends do not
 * meet. It shows for all windows how many samples each end spoils. */
#include "engine/nn/geometry.h"

#include <math.h>

#include "engine/base/mem.h"

/* Samples per pixel, in lowest terms. */
struct rate {
    int64_t num, den;
};

/* Windows of this many times `align` are longer than any halo that is accepted. */
enum { LONG_ALIGNS = 1 << 17, MAX_RATE = 1024 };

int geometry_inputs(const struct model *m, int i, int ids[LAYER_INPUTS_MAX])
{
    const struct layer *l = &m->layers[i];
    int count = 0;
    ids[count++] = l->input;
    for (int k = 0; k < l->other_count; k++)
        ids[count++] = l->others[k];
    if (l->kind == LAYER_MAX_UNPOOL2D)
        ids[count++] = m->layers[l->others[0]].input;
    return count;
}

int geometry_walk(const struct model *m, enum axis axis, int64_t n, struct extent *extents)
{
    extents[0] = (struct extent){n, 0, n};
    for (int i = 0; i < m->layer_count; i++) {
        const struct layer *l = &m->layers[i];
        const struct layer_row *row = &layer_table[l->kind];
        struct extent in[LAYER_INPUTS_MAX], *out = &extents[1 + i];
        int ids[LAYER_INPUTS_MAX];
        int count = geometry_inputs(m, i, ids);
        for (int k = 0; k < count; k++)
            in[k] = extents[1 + ids[k]];
        *out = in[0];
        if (row->size)
            out->size = row->size(l, axis, in, count);
        if (out->size < 1)
            return i;
        if (row->clean)
            row->clean(l, axis, in, count, out);
        out->lo = out->lo < 0 ? 0 : out->lo;
        out->hi = out->hi > out->size ? out->size : out->hi;
    }
    return m->layer_count;
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void rate_scale(struct rate *r, int up, int down)
{
    r->num *= up;
    r->den *= down;
    int64_t common = gcd(r->num, r->den);
    r->num /= common;
    r->den /= common;
}

static enum err_code rate_of_layer(const struct model *m, enum axis axis, int i, struct rate *rates,
                                   struct err *e)
{
    const struct layer *l = &m->layers[i];
    int ids[LAYER_INPUTS_MAX], count = geometry_inputs(m, i, ids), up = 1, down = 1;
    bool unpool = l->kind == LAYER_MAX_UNPOOL2D;
    const struct rate *first = &rates[1 + ids[0]];
    for (int k = 1; k < (unpool ? 2 : count); k++)
        if (rates[1 + ids[k]].num != first->num || rates[1 + ids[k]].den != first->den)
            return err_set(e, ERR_MODEL,
                           "$.layers[%d].%s: a layer expected whose %s grows with the picture as "
                           "that of its other input does",
                           i, unpool ? "indices" : "with", axis == AXIS_Y ? "height" : "width");
    struct rate *rate = &rates[1 + i];
    *rate = unpool ? rates[1 + ids[2]] : *first;
    if (layer_table[l->kind].rate)
        layer_table[l->kind].rate(l, axis, &up, &down);
    rate_scale(rate, up, down);
    if (rate->num > MAX_RATE || rate->den > MAX_RATE)
        return err_set(
            e, ERR_MODEL_LIMIT,
            "$.layers[%d]: this layer makes the picture more than %d times as large or small", i,
            MAX_RATE);
    return ERR_OK;
}

/* Finds the rates of all tensors. *align grows to a multiple of each of their denominators. */
static enum err_code find_rates(const struct model *m, enum axis axis, struct rate *rates,
                                int *align, struct err *e)
{
    rates[0] = (struct rate){1, 1};
    for (int i = 0; i < m->layer_count; i++) {
        enum err_code rc = rate_of_layer(m, axis, i, rates, e);
        if (rc)
            return rc;
        int64_t den = rates[1 + i].den, multiple = *align / gcd(*align, den) * den;
        if (multiple > GEOMETRY_MAX_ALIGN)
            return err_set(e, ERR_MODEL_LIMIT,
                           "$.layers[%d]: because of the strides, pictures could only be cut at "
                           "multiples of more than %d pixels",
                           i, GEOMETRY_MAX_ALIGN);
        *align = (int)multiple;
    }
    return ERR_OK;
}

static enum err_code refuse_scale(const struct model *m, enum axis axis, struct rate rate,
                                  struct err *e)
{
    const char *side = axis == AXIS_Y ? "height" : "width";
    if (rate.den == 1)
        return err_set(e, ERR_MODEL,
                       "$.scale: %d expected, because the layers make the %s that many "
                       "times as large, not %d",
                       (int)rate.num, side, m->scale);
    return err_set(e, ERR_MODEL, "$.scale: the layers make the %s %d/%d times as large, not %d",
                   side, (int)rate.num, (int)rate.den, m->scale);
}

static enum err_code refuse_layer(const struct model *m, int i, struct err *e)
{
    if (m->layers[i].kind == LAYER_MAX_UNPOOL2D)
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].indices: a max_pool2d expected whose output is as large as "
                       "this layer's input, and whose input has a size that follows from "
                       "kernel_size, stride and padding",
                       i);
    return err_set(e, ERR_MODEL_LIMIT,
                   "$.layers[%d]: the layers up to this one remove more than %d pixels at the "
                   "edges of the picture",
                   i, GEOMETRY_MAX_HALO);
}

/* Finds crop and halo along one axis, with a window so long that the effects of its ends do not
 * meet. */
static enum err_code find_reach(struct model *m, enum axis axis, struct extent *extents,
                                struct err *e)
{
    struct model_geometry *g = &m->geometry;
    int64_t n = (int64_t)g->align * LONG_ALIGNS;
    int reached = geometry_walk(m, axis, n, extents);
    if (reached < m->layer_count)
        return refuse_layer(m, reached, e);
    struct extent out = extents[m->layer_count];
    int64_t lost = n * m->scale - out.size, crop = floor_div(lost, 2);
    if (m->border == BORDER_MODEL && lost != 0)
        return err_set(e, ERR_MODEL,
                       "$.border: \"model\" needs layers that pad so that outputs are exactly %d "
                       "times as large, not %lld samples %s",
                       m->scale, (long long)(lost < 0 ? -lost : lost), lost < 0 ? "more" : "fewer");
    int64_t left = out.lo + crop, right = n * m->scale - (out.hi + crop);
    if (g->whole) { /* no sample is clean; the halo only makes the outputs exist */
        left = crop;
        right = lost - crop;
    }
    int64_t halo = ceil_div(left > right ? left : right, m->scale);
    if (halo > GEOMETRY_MAX_HALO || -lost > (int64_t)GEOMETRY_MAX_HALO * m->scale)
        return refuse_layer(m, m->layer_count - 1, e);
    *(axis == AXIS_Y ? &g->crop.y : &g->crop.x) = (int)crop;
    g->halo = halo > g->halo ? (int)halo : g->halo;
    return ERR_OK;
}

/* The laws are monotonic: layers that can take a window can take larger ones. */
static void find_least(struct model *m, struct extent *extents)
{
    struct model_geometry *g = &m->geometry;
    int low = 0, high = LONG_ALIGNS; /* too small, large enough */
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        int64_t n = (int64_t)middle * g->align;
        bool fits = geometry_walk(m, AXIS_Y, n, extents) == m->layer_count &&
                    geometry_walk(m, AXIS_X, n, extents) == m->layer_count;
        *(fits ? &high : &low) = middle;
    }
    g->least = high * g->align;
}

double geometry_macs(const struct layer *l)
{
    double macs = layer_table[l->kind].macs ? layer_table[l->kind].macs(l, l->channels) : 0;
    if (l->kind == LAYER_CONV_TRANSPOSE2D) /* the table has the mean per output sample */
        macs = round(macs * l->conv.stride.y * l->conv.stride.x);
    return macs;
}

/* Finds the work of each layer per pixel: its work per sample times its samples per pixel. */
static double count_macs(const struct model *m, const struct rate *y, const struct rate *x)
{
    double macs = 0;
    for (int i = 0; i < m->layer_count; i++) {
        struct layer *l = &m->layers[i];
        if (layer_table[l->kind].macs)
            l->macs = layer_table[l->kind].macs(l, l->channels) * (double)y[1 + i].num *
                      (double)x[1 + i].num / ((double)y[1 + i].den * (double)x[1 + i].den);
        macs += l->macs;
    }
    return macs;
}

static enum err_code find_all(struct model *m, struct rate *rates[2], struct extent *extents,
                              struct err *e)
{
    struct model_geometry *g = &m->geometry;
    g->scale = m->scale;
    g->align = 1;
    g->halo = 0;
    g->whole = false;
    for (int i = 0; i < m->layer_count; i++)
        if (layer_table[m->layers[i].kind].whole)
            g->whole |= layer_table[m->layers[i].kind].whole(&m->layers[i]);
    for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
        enum err_code rc = find_rates(m, axis, rates[axis], &g->align, e);
        if (rc)
            return rc;
        struct rate last = rates[axis][m->layer_count];
        if (last.den != 1 || last.num != m->scale)
            return refuse_scale(m, axis, last, e);
    }
    for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
        enum err_code rc = find_reach(m, axis, extents, e);
        if (rc)
            return rc;
    }
    find_least(m, extents);
    g->macs_per_pixel = count_macs(m, rates[AXIS_Y], rates[AXIS_X]);
    return ERR_OK;
}

enum err_code geometry_find(struct model *m, struct err *e)
{
    size_t tensors = (size_t)m->layer_count + 1;
    struct rate *rates[2] = {mem_calloc(tensors, sizeof **rates),
                             mem_calloc(tensors, sizeof **rates)};
    struct extent *extents = mem_calloc(tensors, sizeof *extents);
    enum err_code rc = rates[0] && rates[1] && extents
                           ? find_all(m, rates, extents, e)
                           : err_set(e, ERR_MEMORY, "no memory for a model's geometry");
    mem_free(extents);
    mem_free(rates[1]);
    mem_free(rates[0]);
    return rc;
}
