/* window.c - see window.h. */
#include "engine/tiles/window.h"

#include "engine/tiles/border.h"

struct window_span window_behind(const struct window_job *job, int stage, struct span s)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    struct span behind = s;
    if (job->border != BORDER_WRAP || stage == 0 || g->whole)
        behind = border_hull(job->border, window_side(g, stage, job->side), s);
    return (struct window_span){s.lo, s.hi, behind.lo, behind.hi};
}

void window_chain_find(const struct window_job *job, struct span wanted, struct window_chain *out)
{
    const struct model_geometry *g = &plan_model(job->plan)->geometry;
    for (int k = job->stages; k >= 1; k--) {
        int before = window_side(g, k - 1, job->side);
        struct plan_picture picture = {before, before, job->border == BORDER_MODEL};
        struct span s = plan_reach(job->plan, out->axis, &picture, wanted);
        out->stage[k] = window_behind(job, k - 1, s);
        wanted = (struct span){out->stage[k].first, out->stage[k].last};
    }
}

int window_bound(const struct plan *p, int stages, int count)
{
    int least = plan_model(p)->geometry.least, most = 0;
    for (int k = stages; k >= 1; k--) {
        count = plan_widest(p, count);
        count = count > least ? count : least;
        most = count > most ? count : most;
    }
    return most;
}

int window_side(const struct model_geometry *g, int stage, int side)
{
    for (int k = 0; k < stage; k++)
        side *= g->scale;
    return side;
}

bool window_is_inside(const struct window_span *s)
{
    return s->first == s->begin && s->last == s->end;
}
