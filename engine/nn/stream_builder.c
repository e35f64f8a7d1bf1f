/* stream_builder.c - see stream_builder.h. */
#include "engine/nn/stream_builder.h"

#include <math.h>

void stream_give(struct stream_builder *b, int i, int tensor, struct pair shift)
{
    struct stream_value *v = &b->values[1 + i];
    v->parts[0] = (struct stream_part){tensor, shift};
    v->count = 1;
    v->channels = b->s->tensors[tensor].channels;
    v->made = true;
}

int stream_new_tensor(struct stream_builder *b, bool blocked, int channels, struct pair rate,
                      int layer)
{
    struct stream_tensor *t = &b->s->tensors[b->s->tensor_count];
    *t = (struct stream_tensor){.blocked = blocked, .channels = channels, .rate = rate};
    t->extra.y = (int)b->y[1 + layer].size - rate.y * b->picture;
    t->extra.x = (int)b->x[1 + layer].size - rate.x * b->picture;
    b->planar[b->s->tensor_count] = blocked ? STREAM_NONE : b->s->tensor_count;
    return b->s->tensor_count++;
}

struct stream_step *stream_new_step(struct stream_builder *b, enum stream_op op, int layer)
{
    struct stream_step *t = &b->s->steps[b->s->step_count++];
    *t = (struct stream_step){.op = op,
                              .add = {STREAM_NONE, {0, 0}},
                              .phases = 1,
                              .stride = 1,
                              .taps = {1, 1},
                              .tile = b->s->tile,
                              .lo = -INFINITY,
                              .hi = INFINITY};
    t->layer = t->last = layer == LAYER_INPUT ? NULL : &b->m->layers[layer];
    return t;
}

struct stream_part stream_as_planes(struct stream_builder *b, struct stream_part part)
{
    int from = part.tensor;
    if (b->planar[from] == STREAM_NONE) {
        const struct stream_tensor *t = &b->s->tensors[from];
        int to = b->s->tensor_count++;
        b->s->tensors[to] = *t;
        b->s->tensors[to].blocked = false;
        struct stream_step *step = stream_new_step(b, STREAM_UNBLOCK, LAYER_INPUT);
        step->in[0] = (struct stream_part){from, {0, 0}};
        step->in_count = 1;
        step->in_channels = t->channels;
        step->out = to;
        b->planar[to] = b->planar[from] = to;
    }
    return (struct stream_part){b->planar[from], part.shift};
}

bool stream_is_blocked(const struct stream_builder *b, const struct stream_value *v)
{
    for (int k = 0; k < v->count; k++) {
        const struct stream_tensor *t = &b->s->tensors[v->parts[k].tensor];
        if (!t->blocked || (k + 1 < v->count && t->channels % KERNEL_LANES != 0))
            return false;
    }
    return true;
}

void stream_set_inputs(struct stream_builder *b, struct stream_step *t,
                       const struct stream_value *v, bool blocked)
{
    for (int k = 0; k < v->count; k++)
        t->in[k] = blocked ? v->parts[k] : stream_as_planes(b, v->parts[k]);
    t->in_count = v->count;
    t->in_channels = v->channels;
}

void stream_prepare_inputs(struct stream_builder *b, const struct stream_value *v, bool blocked)
{
    for (int k = 0; k < v->count && !blocked; k++)
        stream_as_planes(b, v->parts[k]);
}

struct stream_part stream_joined(struct stream_builder *b, const struct stream_value *v, int layer)
{
    if (v->count == 1)
        return stream_as_planes(b, v->parts[0]);
    stream_prepare_inputs(b, v, false);
    struct stream_step *t = stream_new_step(b, STREAM_JOIN, LAYER_INPUT);
    stream_set_inputs(b, t, v, false);
    t->out = stream_new_tensor(b, false, v->channels, b->s->tensors[t->in[0].tensor].rate, layer);
    return (struct stream_part){t->out, {0, 0}};
}
