/* plan_work.c - see plan_work.h. */
#include "engine/nn/plan_work.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/geometry.h"
#include "engine/nn/plan_ways.h"

struct plan_work {
    const struct plan *p;
    int steps;
    double *lengths[2]; /* [axis][step]: positions */
    double *one;        /* [step]: positions for one span */
    void *room;         /* scratch for measuring */
};

static size_t room_bytes(const struct plan *p)
{
    size_t layers = (size_t)p->m->layer_count + 1;
    return p->stream ? (size_t)p->stream->tensor_count * sizeof(struct span)
                     : layers * sizeof(struct extent);
}

enum err_code plan_work_new(const struct plan *p, struct plan_work **out, struct err *e)
{
    struct plan_work *w = mem_calloc(1, sizeof *w);
    int steps = p->stream ? p->stream->step_count : p->m->layer_count;
    if (w) {
        w->p = p;
        w->steps = steps;
        w->lengths[0] = mem_calloc(3 * (size_t)steps, sizeof **w->lengths);
        w->room = mem_alloc(1, room_bytes(p));
    }
    if (!w || !w->lengths[0] || !w->room) {
        plan_work_free(w);
        return err_set(e, ERR_MEMORY, "no memory to measure a plan");
    }
    w->lengths[1] = w->lengths[0] + steps;
    w->one = w->lengths[1] + steps;
    *out = w;
    return ERR_OK;
}

void plan_work_free(struct plan_work *w)
{
    if (!w)
        return;
    mem_free(w->lengths[0]);
    mem_free(w->room);
    mem_free(w);
}

void plan_work_add(struct plan_work *w, enum axis axis, const struct plan_picture *picture,
                   struct span want)
{
    const struct plan *p = w->p;
    if (p->stream) {
        int crop = pair_at(p->m->geometry.crop, axis);
        want = (struct span){want.lo - crop, want.hi - crop};
        int pixels = axis == AXIS_Y ? picture->height : picture->width;
        int side = (int)ceil_div(pixels, p->m->geometry.align);
        stream_needs_within(p->stream, axis, picture->padded ? side : STREAM_ENDLESS, want,
                            w->room);
        stream_lengths(p->stream, axis, w->room, w->one);
    } else {
        struct span window = plan_reach(p, axis, picture, want);
        layerwise_lengths(p->layerwise, axis, window.hi - window.lo, w->room, w->one);
    }
    for (int k = 0; k < w->steps; k++)
        w->lengths[axis][k] += w->one[k];
}

double plan_work_take(struct plan_work *w)
{
    double macs = 0;
    for (int k = 0; k < w->steps; k++)
        macs += w->lengths[AXIS_Y][k] * w->lengths[AXIS_X][k] *
                (w->p->stream ? w->p->stream->steps[k].macs : geometry_macs(&w->p->m->layers[k]));
    memset(w->lengths[0], 0, 2 * (size_t)w->steps * sizeof **w->lengths);
    return macs;
}
