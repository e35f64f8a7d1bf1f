/* stream_work.c - counts the multiply-adds of steps. See stream.h. */
#include "engine/base/mem.h"
#include "engine/nn/geometry.h"
#include "engine/nn/stream.h"

/* Returns the work of a step for one sample of each of its phases. */
static double macs_of(const struct stream_step *t)
{
    switch (t->op) {
    case STREAM_CONV:
    case STREAM_WINOGRAD:
    case STREAM_PLANES:
    case STREAM_TALL:
        return geometry_macs(t->layer);
    case STREAM_UPSAMPLE:
        return geometry_macs(t->layer) * t->phases * t->phases;
    case STREAM_LOAD:
    case STREAM_UNBLOCK:
    case STREAM_MERGE:
    case STREAM_JOIN:
    case STREAM_SHUFFLE:
    case STREAM_UNSHUFFLE:
        break;
    }
    return 0;
}

void stream_find_macs(struct stream *s)
{
    for (int k = 0; k < s->step_count; k++)
        s->steps[k].macs = macs_of(&s->steps[k]);
}

void stream_lengths(const struct stream *s, enum axis axis, const struct span *spans,
                    double *lengths)
{
    for (int k = 0; k < s->step_count; k++) {
        const struct stream_step *t = &s->steps[k];
        struct span q = stream_step_phases(t, axis, spans[t->out]);
        lengths[k] = q.hi - q.lo;
    }
}

/* The samples that each step makes along an axis for a long output (`once`), and for one twice as
 * long. The difference is what the samples of the output need; the rest is what the ends add. */
struct growth {
    double *once, *twice;
    struct span *spans;
};

static double count_bytes(const struct stream *s, const struct stream_step *t)
{
    double again = t->taps.y > 1 ? 2.0 / t->tile : 0; /* rows of a tile are made from two more */
    double reads = t->in_channels * (1 + again);
    double writes = (double)s->tensors[t->out].channels * t->phases * t->phases;
    return (reads + writes) * sizeof(float);
}

static void find_cost(struct stream *s, const struct growth *g)
{
    int length = 64 * stream_period(s);
    double macs = 0, bytes = 0, most = 0, extra[2] = {0, 0};
    for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
        stream_needs(s, axis, (struct span){0, length}, g->spans);
        stream_lengths(s, axis, g->spans, g->once);
        stream_needs(s, axis, (struct span){0, 2 * length}, g->spans);
        stream_lengths(s, axis, g->spans, g->twice);
        for (int k = 0; k < s->step_count; k++) {
            double rate = (g->twice[k] - g->once[k]) / length; /* phases an output sample */
            double area = rate * rate, more = rate > 0 ? g->once[k] / rate - length : 0;
            macs += area * s->steps[k].macs;
            most = area * s->steps[k].macs > most ? area * s->steps[k].macs : most;
            bytes += area * count_bytes(s, &s->steps[k]);
            extra[axis] += area * s->steps[k].macs * more;
        }
    }
    if (macs > 0)
        s->cost = (struct stream_cost){
            .overlap = {2 * extra[AXIS_Y] / macs, 2 * extra[AXIS_X] / macs},
            .bytes_a_mac = bytes / macs,
            .macs = macs / 2,
            .longest = 2 * most / macs,
            .weight_bytes = stream_weight_bytes(s),
        };
}

enum err_code stream_find_cost(struct stream *s, struct err *e)
{
    size_t steps = (size_t)s->step_count;
    struct growth g = {mem_calloc(steps, sizeof(double)), mem_calloc(steps, sizeof(double)),
                       mem_calloc((size_t)s->tensor_count, sizeof(struct span))};
    enum err_code rc = ERR_OK;
    if (g.once && g.twice && g.spans)
        find_cost(s, &g);
    else
        rc = err_set(e, ERR_MEMORY, "no memory to size a plan");
    mem_free(g.spans);
    mem_free(g.twice);
    mem_free(g.once);
    return rc;
}
