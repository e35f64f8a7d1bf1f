/* stream_build.c - turns layers into steps. See stream.h. */
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/stream_builder.h"
#include "engine/nn/stream_pack.h"

static bool refuse(struct stream_builder *b, int layer, const char *why)
{
    b->reason = (struct stream_reason){layer, why};
    return false;
}

/* Gives a tensor of folded phases the phases of which any sample lies in the picture. With
 * n cells, its output has fold * rate * n + extra samples, and those before the origin belong to
 * phases at -1. */
static void bound_folded(const struct stream_builder *b, const struct lowered *l, int tensor,
                         int layer)
{
    struct stream_tensor *t = &b->s->tensors[tensor];
    struct pair fold = {l->fold, l->fold};
    struct pair extra = {(int)b->y[1 + layer].size - t->rate.y * fold.y * b->picture,
                         (int)b->x[1 + layer].size - t->rate.x * fold.x * b->picture};
    t->extra = (struct pair){(int)ceil_div(extra.y - l->origin.y, fold.y),
                             (int)ceil_div(extra.x - l->origin.x, fold.x)};
    t->lead = (struct pair){l->origin.y > 0, l->origin.x > 0};
}

/* Separates the phases that were folded into the channels of a tensor into planes again. */
static int unfolded(struct stream_builder *b, const struct lowered *l, int tensor, int layer,
                    int last)
{
    struct stream_part in = stream_as_planes(b, (struct stream_part){tensor, {0, 0}});
    struct pair rate = b->s->tensors[tensor].rate;
    struct stream_step *t = stream_new_step(b, STREAM_SHUFFLE, layer);
    t->in[0] = in;
    t->in_count = 1;
    t->in_channels = l->out_channels;
    t->phases = l->fold;
    t->origin = l->origin;
    t->out = stream_new_tensor(b, false, l->out_channels / (l->fold * l->fold),
                               (struct pair){rate.y * l->fold, rate.x * l->fold}, last);
    return t->out;
}

static bool build_conv(struct stream_builder *b, int i, enum err_code *rc, struct err *e)
{
    const struct layer *conv = &b->m->layers[i], *shuffle = NULL;
    const struct stream_value *in = &b->values[1 + conv->input];
    int next = stream_only_reader(b, i);
    if (next != STREAM_NONE && b->m->layers[next].kind == LAYER_PIXEL_SHUFFLE &&
        b->m->layers[next].upscale_factor == 2)
        shuffle = &b->m->layers[next];
    struct lowered l;
    const char *why = lower_conv(conv, shuffle, &l);
    if (why)
        return refuse(b, i, why);
    bool padded = conv->conv.padding.y > 0 || conv->conv.padding.x > 0;
    if (b->m->border == BORDER_MODEL && padded && conv->conv.padding_mode != PADDING_ZEROS)
        return refuse(b, i, "it pads with something other than zeros");
    bool blocked = stream_is_blocked(b, in);
    if (stream_folds(b, &l, blocked))
        lower_fold(&l);
    enum stream_op op = stream_choose(b, &l, blocked);
    bool planes = op == STREAM_PLANES || op == STREAM_TALL;
    blocked = blocked && !planes;
    stream_prepare_inputs(b, in, blocked);
    struct stream_step *t = stream_new_step(b, op, i);
    stream_set_inputs(b, t, in, blocked);
    t->phases = l.phases;
    t->origin = l.fold > 1 ? (struct pair){0, 0} : l.origin;
    t->taps = l.taps;
    t->first = l.first;
    int last = shuffle ? next : i;
    b->values[1 + i].made = b->values[1 + last].made = true;
    struct pair rate = b->s->tensors[t->in[0].tensor].rate;
    rate = (struct pair){rate.y * l.phases, rate.x * l.phases};
    t->out = stream_new_tensor(b, !planes, l.out_channels, rate, last);
    if (l.fold > 1)
        bound_folded(b, &l, t->out, last);
    struct stream_fused f = {NULL, NULL, {0, 0}};
    last = stream_fuse(b, t, last, &f);
    l.affine = f.affine;
    *rc = stream_pack(b->s, t, &l, f.sloped, e);
    stream_give(b, last, l.fold > 1 ? unfolded(b, &l, t->out, i, last) : t->out, f.shift);
    return true;
}

/* Finds the terms of an add, the factors of a mul, or the one input of an activation. They are
 * blocks if all of them are, otherwise planes. */
static bool find_terms(struct stream_builder *b, int i, struct stream_part *terms)
{
    const struct layer *l = &b->m->layers[i];
    bool blocked = true;
    for (int k = -1; k < l->other_count; k++) {
        const struct stream_value *v = &b->values[1 + (k < 0 ? l->input : l->others[k])];
        blocked = blocked && v->count == 1 && b->s->tensors[v->parts[0].tensor].blocked;
    }
    for (int k = -1; k < l->other_count; k++) {
        int id = k < 0 ? l->input : l->others[k];
        const struct stream_value *v = &b->values[1 + id];
        terms[1 + k] = blocked ? v->parts[0] : stream_joined(b, v, id);
        if (l->other_count > 0)
            terms[1 + k].shift = pair_plus(terms[1 + k].shift, stream_crop(b, i, id));
    }
    return blocked;
}

static enum err_code build_merge(struct stream_builder *b, int i, struct err *e)
{
    const struct layer *l = &b->m->layers[i];
    struct stream_part terms[STREAM_PARTS_MAX];
    bool blocked = find_terms(b, i, terms);
    struct stream_step *t = stream_new_step(b, STREAM_MERGE, i);
    memcpy(t->in, terms, sizeof terms);
    t->in_count = 1 + l->other_count;
    t->in_channels = b->values[1 + l->input].channels;
    t->out = stream_new_tensor(b, blocked, t->in_channels, b->s->tensors[t->in[0].tensor].rate, i);
    if (l->kind == LAYER_CLAMP) {
        t->lo = l->clamp.min;
        t->hi = l->clamp.max;
    }
    stream_give(b, i, t->out, (struct pair){0, 0});
    return stream_pack(b->s, t, NULL, stream_is_sloped(l) ? l : NULL, e);
}

static bool build_concat(struct stream_builder *b, int i)
{
    const struct layer *l = &b->m->layers[i];
    struct stream_value *v = &b->values[1 + i];
    for (int k = -1; k < l->other_count; k++) {
        int id = k < 0 ? l->input : l->others[k];
        const struct stream_value *from = &b->values[1 + id];
        struct pair crop = stream_crop(b, i, id);
        if (v->count + from->count > STREAM_PARTS_MAX)
            return refuse(b, i, "it joins too many tensors");
        if (b->m->border == BORDER_MODEL && (crop.y > 0 || crop.x > 0))
            return refuse(b, i, "it crops what it joins, and the network pads");
        for (int n = 0; n < from->count; n++, v->count++) {
            v->parts[v->count] = from->parts[n];
            v->parts[v->count].shift = pair_plus(from->parts[n].shift, crop);
        }
        v->channels += from->channels;
    }
    v->made = true;
    return true;
}

/* Adds a step that makes planes `factor` times as large from one tensor of planes. */
static struct stream_step *enlarge(struct stream_builder *b, enum stream_op op, int i, int channels,
                                   int factor)
{
    const struct layer *l = &b->m->layers[i];
    struct stream_part in = stream_joined(b, &b->values[1 + l->input], l->input);
    struct stream_step *t = stream_new_step(b, op, i);
    struct pair rate = b->s->tensors[in.tensor].rate;
    t->in[0] = in;
    t->in_count = 1;
    t->in_channels = b->s->tensors[in.tensor].channels;
    t->phases = factor;
    t->out =
        stream_new_tensor(b, false, channels, (struct pair){rate.y * factor, rate.x * factor}, i);
    stream_give(b, i, t->out, (struct pair){0, 0});
    return t;
}

static bool build_upsample(struct stream_builder *b, int i)
{
    const struct upsample_params *u = &b->m->layers[i].upsample;
    const struct stream_value *in = &b->values[1 + b->m->layers[i].input];
    if (u->scale_factor.y != u->scale_factor.x)
        return refuse(b, i, "its factors differ");
    if (b->m->border == BORDER_MODEL && u->mode != UPSAMPLE_NEAREST)
        return refuse(b, i, "it replicates the picture's edge");
    struct stream_step *t = enlarge(b, STREAM_UPSAMPLE, i, in->channels, u->scale_factor.y);
    int reach = u->mode == UPSAMPLE_NEAREST ? 0 : u->mode == UPSAMPLE_BILINEAR ? 1 : 2;
    t->first = (struct pair){-reach, -reach};
    t->taps = (struct pair){2 * reach + 1, 2 * reach + 1};
    return true;
}

static bool build_shuffle(struct stream_builder *b, int i)
{
    const struct layer *l = &b->m->layers[i];
    enlarge(b, STREAM_SHUFFLE, i, l->channels, l->upscale_factor);
    return true;
}

static bool build_unshuffle(struct stream_builder *b, int i)
{
    const struct layer *l = &b->m->layers[i];
    struct stream_part in = stream_joined(b, &b->values[1 + l->input], l->input);
    struct stream_step *t = stream_new_step(b, STREAM_UNSHUFFLE, i);
    struct pair rate = b->s->tensors[in.tensor].rate;
    int factor = l->downscale_factor;
    t->in[0] = in;
    t->in_count = 1;
    t->in_channels = b->s->tensors[in.tensor].channels;
    t->stride = factor;
    t->taps = (struct pair){factor, factor};
    t->out = stream_new_tensor(b, false, l->channels,
                               (struct pair){rate.y / factor, rate.x / factor}, i);
    stream_give(b, i, t->out, (struct pair){0, 0});
    return true;
}

/* Every kind is named, so that a new kind does not compile until it is named here. */
static bool build_layer(struct stream_builder *b, int i, enum err_code *rc, struct err *e)
{
    switch (b->m->layers[i].kind) {
    case LAYER_CONV2D:
    case LAYER_CONV_TRANSPOSE2D:
        return build_conv(b, i, rc, e);
    case LAYER_CONCAT:
        return build_concat(b, i);
    case LAYER_UPSAMPLE:
        return build_upsample(b, i);
    case LAYER_PIXEL_SHUFFLE:
        return build_shuffle(b, i);
    case LAYER_PIXEL_UNSHUFFLE:
        return build_unshuffle(b, i);
    case LAYER_RELU:
    case LAYER_LEAKY_RELU:
    case LAYER_PRELU:
    case LAYER_SIGMOID:
    case LAYER_TANH:
    case LAYER_CLAMP:
    case LAYER_SILU:
    case LAYER_GELU:
    case LAYER_MISH:
    case LAYER_HARDSWISH:
    case LAYER_AFFINE:
    case LAYER_ADD:
    case LAYER_MUL:
        *rc = build_merge(b, i, e);
        return true;
    case LAYER_MAX_POOL2D:
    case LAYER_MAX_UNPOOL2D:
        return refuse(b, i, "it pools");
    case LAYER_KINDS:
        break;
    }
    return refuse(b, i, "streams do not know its kind");
}

static void count_readers(struct stream_builder *b)
{
    for (int i = 0; i < b->m->layer_count; i++) {
        const struct layer *l = &b->m->layers[i];
        for (int k = -1; k < l->other_count; k++)
            b->readers[1 + (k < 0 ? l->input : l->others[k])]++;
    }
    b->readers[b->m->layer_count]++; /* the caller */
}

/* Whether all layers could be built. */
static bool build(struct stream_builder *b, enum err_code *rc, struct err *e)
{
    const struct model *m = b->m;
    if (m->geometry.whole)
        return refuse(b, 0, "a layer depends on the whole picture");
    if (m->geometry.align * m->scale > STREAM_MOST)
        return refuse(b, 0, "the layers would need cells of too many pixels");
    count_readers(b);
    int cell = m->geometry.align;
    struct stream_step *load = stream_new_step(b, STREAM_LOAD, LAYER_INPUT);
    load->out = stream_new_tensor(b, false, m->geometry.in_channels, (struct pair){cell, cell},
                                  LAYER_INPUT);
    stream_give(b, LAYER_INPUT, load->out, (struct pair){0, 0});
    for (int i = 0; i < m->layer_count && *rc == ERR_OK; i++)
        if (!b->values[1 + i].made && !build_layer(b, i, rc, e))
            return false;
    if (*rc != ERR_OK)
        return true;
    int last = m->layer_count - 1;
    struct stream_part out = stream_joined(b, &b->values[1 + last], last);
    if (out.shift.y != 0 || out.shift.x != 0)
        return refuse(b, last, "the output is cropped");
    b->s->output = out.tensor;
    return true;
}

static enum err_code allocate(struct stream_builder *b, struct extent **extents, struct err *e)
{
    size_t layers = (size_t)b->m->layer_count;
    /* at most the picture and each layer, a copy of each in planes, and the joined terms of each
     * add */
    size_t most = (2 + LAYER_OTHERS_MAX) * (layers + 1);
    b->s = mem_calloc(1, sizeof *b->s);
    b->values = mem_calloc(layers + 1, sizeof *b->values);
    b->readers = mem_calloc(layers + 1, sizeof *b->readers);
    b->planar = mem_calloc(most, sizeof *b->planar);
    *extents = mem_calloc(2 * (layers + 1), sizeof **extents);
    if (b->s) {
        b->s->m = b->m;
        b->s->tensors = mem_calloc(most, sizeof *b->s->tensors);
        b->s->steps = mem_calloc(most, sizeof *b->s->steps);
        b->s->pools = mem_calloc(most, sizeof *b->s->pools);
    }
    if (b->s && b->values && b->readers && b->planar && *extents && b->s->tensors && b->s->steps &&
        b->s->pools)
        return ERR_OK;
    return err_set(e, ERR_MEMORY, "no memory for the plan of %zu layers", layers);
}

/* Finds what areas need, in rows, memory and work. */
static enum err_code measure(struct stream *s, struct err *e)
{
    struct span *spans = mem_calloc((size_t)s->tensor_count, sizeof *spans);
    if (!spans)
        return err_set(e, ERR_MEMORY, "no memory to size a plan");
    stream_find_spans(s, spans);
    enum err_code rc = stream_find_kept(s, spans, e);
    mem_free(spans);
    if (rc != ERR_OK)
        return rc;
    stream_find_macs(s);
    return stream_find_cost(s, e);
}

enum err_code stream_new(const struct model *m, const struct kernels *kernels, struct stream **out,
                         struct stream_reason *reason, struct err *e)
{
    struct stream_builder b = {.m = m, .picture = m->geometry.least / m->geometry.align};
    struct extent *extents = NULL;
    *out = NULL;
    enum err_code rc = allocate(&b, &extents, e);
    if (rc == ERR_OK) {
        b.s->kernels = kernels;
        b.s->tile = stream_choose_tile(m);
        b.y = extents;
        b.x = extents + m->layer_count + 1;
        geometry_walk(m, AXIS_Y, m->geometry.least, extents);
        geometry_walk(m, AXIS_X, m->geometry.least, extents + m->layer_count + 1);
        bool built = build(&b, &rc, e);
        if (rc == ERR_OK && built)
            rc = measure(b.s, e);
        if (rc == ERR_OK && built) {
            *out = b.s;
            b.s = NULL;
        }
        *reason = b.reason;
    }
    mem_free(extents);
    mem_free(b.planar);
    mem_free(b.readers);
    mem_free(b.values);
    stream_free(b.s);
    return rc;
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    for (int k = 0; k < s->step_count; k++)
        mem_free(s->steps[k].weight);
    mem_free(s->pools);
    mem_free(s->steps);
    mem_free(s->tensors);
    mem_free(s);
}
