/* plan_cost.c - what cutting a picture costs. See plan.h. */
#include "engine/base/cpu.h"
#include "engine/nn/plan.h"
#include "engine/nn/plan_ways.h"

enum {
    MACS_A_BYTE = 4,      /* multiply-adds the CPU can do while a byte arrives from beyond the L2 */
    MACS_A_NEW_BYTE = 75, /* and while a byte of a new page is provided: from 20 on a machine of
                             one's own to 300 on a virtual one */
};

/* Two of ten rows that a round reads are in the cache of another thread. That takes longer than
 * from a cache that threads share, so this part of its bytes counts as if it came from there. */
#define HANDED_ON 0.25

/* Returns the bytes of the rings of an area. */
static double ring_bytes(const struct plan *p, int width, int depth)
{
    return (double)stream_cells(p->m, width) * (double)stream_column_bytes(p->stream, depth);
}

double plan_cut_cost(const struct plan *p, int width, int height, int depth)
{
    const struct stream_cost *c = &p->stream->cost;
    /* the part that the caches hold */
    double near = RINGS_IN_L2 * (double)cpu_l2_bytes() * depth / ring_bytes(p, width, depth);
    double halos = (1 + c->overlap[AXIS_X] / width) * (1 + c->overlap[AXIS_Y] / height);
    double far = (near < 1 ? 1 - near : 0) * c->bytes_a_mac; /* bytes from beyond the caches */
    if (depth > 1)
        far += c->bytes_a_mac * HANDED_ON;
    if (c->weight_bytes > (double)cpu_l2_bytes())
        far += c->weight_bytes / (c->macs * width * plan_round_rows(p));
    return halos * (1 + far * MACS_A_BYTE);
}

double plan_round_lag(const struct plan *p)
{
    return p->stream->cost.longest;
}

double plan_strip_cost(const struct plan *p, int width, int height, int depth)
{
    double macs = p->stream->cost.macs * width * height;
    return macs > 0 ? MACS_A_NEW_BYTE * ring_bytes(p, width, depth) / macs : 0;
}
