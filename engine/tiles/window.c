/* window.c - see window.h. */
#include "engine/tiles/window.h"

#include "engine/tiles/border.h"

struct window_span window_behind(const struct model_geometry *g, enum model_border border,
                                 int stage, int side, int begin, int end)
{
    struct window_span s = {begin, end, begin, end};
    if (border != BORDER_WRAP || stage == 0 || g->whole)
        border_hull(border, side, begin, end, &s.first, &s.last);
    return s;
}

void window_chain_find(const struct plan *p, enum model_border border, int stages, int side,
                       int from, int to, struct window_chain *out)
{
    const struct model_geometry *g = &plan_model(p)->geometry;
    for (int k = stages; k >= 1; k--) {
        int before = window_side(g, k - 1, side);
        struct plan_picture picture = {before, before, border == BORDER_MODEL};
        struct span s = plan_reach(p, out->axis, &picture, (struct span){from, to});
        out->stage[k] = window_behind(g, border, k - 1, before, s.lo, s.hi);
        from = out->stage[k].first;
        to = out->stage[k].last;
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
