/* stream_fuse.c - fuses layers into a step: one affine into its weights, and one activation, one
 * add and one clamp at the end into its store. See stream_builder.h. */
#include "engine/nn/stream_builder.h"

int stream_only_reader(const struct stream_builder *b, int i)
{
    for (int j = i + 1; j < b->m->layer_count && b->readers[1 + i] == 1; j++) {
        const struct layer *l = &b->m->layers[j];
        for (int k = -1; k < l->other_count; k++)
            if ((k < 0 ? l->input : l->others[k]) == i)
                return j;
    }
    return STREAM_NONE;
}

struct pair stream_crop(const struct stream_builder *b, int layer, int id)
{
    return (struct pair){(int)(b->y[1 + id].size - b->y[1 + layer].size) / 2,
                         (int)(b->x[1 + id].size - b->x[1 + layer].size) / 2};
}

static struct pair minus(struct pair a, struct pair b)
{
    return (struct pair){a.y - b.y, a.x - b.x};
}

/* Fuses the add `j` into step t, which computes the value of layer i in the tensor from sample
 * `shift` on. This works if the add has two terms, and the other one exists in the same layout. If
 * the network pads, what the add crops must become zeros, and the tensor would still have it. */
static bool absorb_add(struct stream_builder *b, struct stream_step *t, int i, int j,
                       struct pair *shift)
{
    const struct layer *l = &b->m->layers[j];
    int other = l->input == i ? l->others[0] : l->input;
    const struct stream_value *v = &b->values[1 + other];
    struct pair crop = stream_crop(b, j, i);
    if (l->other_count != 1 || other == i || !v->made || v->count != 1)
        return false;
    if (b->m->border == BORDER_MODEL && (crop.y > 0 || crop.x > 0))
        return false;
    int tensor = v->parts[0].tensor;
    const struct stream_tensor *term = &b->s->tensors[tensor], *out = &b->s->tensors[t->out];
    if (term->blocked != out->blocked || term->channels != out->channels)
        return false;
    *shift = pair_plus(*shift, crop);
    t->add.tensor = tensor;
    t->add.shift = minus(pair_plus(v->parts[0].shift, stream_crop(b, j, other)), *shift);
    return true;
}

int stream_fuse(struct stream_builder *b, struct stream_step *t, int i, struct stream_fused *f)
{
    bool clamped = false;
    for (int j; (j = stream_only_reader(b, i)) != STREAM_NONE && !clamped; i = j) {
        const struct layer *l = &b->m->layers[j];
        if (l->kind == LAYER_AFFINE && !f->affine && !f->sloped && t->add.tensor == STREAM_NONE) {
            f->affine = l;
        } else if (stream_is_sloped(l) && !f->sloped) {
            f->sloped = l;
            t->add_first = t->add.tensor != STREAM_NONE;
        } else if (l->kind == LAYER_CLAMP) {
            t->lo = l->clamp.min;
            t->hi = l->clamp.max;
            clamped = true;
        } else if (l->kind != LAYER_ADD || t->add.tensor != STREAM_NONE ||
                   !absorb_add(b, t, i, j, &f->shift)) {
            break;
        }
        t->last = l;
        b->values[1 + j].made = true; /* even if no layer reads it */
    }
    return i;
}
