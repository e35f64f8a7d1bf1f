/* stream_work.c - the multiply-adds of steps. See stream.h. */
#include "engine/nn/geometry.h"
#include "engine/nn/stream.h"

/* What a step does where it makes one sample of each of its phases. */
static double macs_of(const struct stream_step *t)
{
    switch (t->op) {
    case STREAM_CONV:
    case STREAM_WINOGRAD:
    case STREAM_PLANES:
        return geometry_macs(t->layer);
    case STREAM_UPSAMPLE:
        return geometry_macs(t->layer) * t->phases * t->phases;
    case STREAM_LOAD:
    case STREAM_UNBLOCK:
    case STREAM_MERGE:
    case STREAM_JOIN:
    case STREAM_SHUFFLE:
        break;
    }
    return 0;
}

void stream_find_macs(struct stream *s)
{
    for (int k = 0; k < s->step_count; k++)
        s->steps[k].macs = macs_of(&s->steps[k]);
}

void stream_lengths(const struct stream *s, enum axis axis, struct span want, struct span *spans,
                    double *lengths)
{
    stream_needs(s, axis, want, spans);
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        struct span q = stream_step_phases(t, axis, spans[t->out]);
        lengths[k] = q.hi - q.lo;
    }
}
