/* window.c - see window.h. */
#include "engine/tiles/window.h"

#include "engine/tiles/border.h"

struct window_span window_behind(const struct window_job *job, int stage, struct span s)
{
    struct span behind = s;
    if (job->border != BORDER_WRAP || stage == 0 || chain_is_whole(job->chain))
        behind = border_hull(job->border, chain_side(job->chain, stage, job->side), s);
    return (struct window_span){s.lo, s.hi, behind.lo, behind.hi};
}

void window_chain_find(const struct window_job *job, struct span wanted, struct window_chain *out)
{
    for (int k = job->chain->count; k >= 1; k--) {
        int before = chain_side(job->chain, k - 1, job->side);
        struct plan_picture picture = {before, before, job->border == BORDER_MODEL};
        struct span s = plan_reach(job->chain->plans[k - 1], out->axis, &picture, wanted);
        out->stage[k] = window_behind(job, k - 1, s);
        wanted = (struct span){out->stage[k].first, out->stage[k].last};
    }
}

int window_bound(const struct chain *c, int first, int count)
{
    int most = 0;
    for (int k = c->count; k >= first; k--) {
        int least = plan_model(c->plans[k - 1])->geometry.least;
        count = plan_widest(c->plans[k - 1], count);
        count = count > least ? count : least;
        most = count > most ? count : most;
    }
    return most;
}

bool window_is_inside(const struct window_span *s)
{
    return s->first == s->begin && s->last == s->end;
}
