/* window.c - see window.h. */
#include "engine/window.h"

#include "engine/border.h"

static int floor_to(int i, int step)
{
    int rest = i % step;
    return i - (rest < 0 ? rest + step : rest);
}

static int ceil_to(int i, int step)
{
    return floor_to(i + step - 1, step);
}

static int at_least(int i, int least)
{
    return i > least ? i : least;
}

/* The positions that outputs from..to-1 depend on, with context on both sides. */
static void span_around(const struct model_geometry *g, int from, int to, struct window_span *s)
{
    s->begin = floor_to(floor_to(from, g->scale) / g->scale - g->halo, g->align);
    s->end = ceil_to(ceil_to(to, g->scale) / g->scale + g->halo, g->align);
}

/* With `border: model` the network's own padding must meet the picture's edge: nothing lies beyond
 * but what fills a window up to the alignment. */
static void span_inside(const struct model_geometry *g, int side, struct window_span *s)
{
    int end = ceil_to(at_least(side, g->least), g->align);
    s->begin = at_least(s->begin, 0);
    s->end = s->end < end ? s->end : end;
    if (s->end - s->begin < g->least)
        s->begin = at_least(s->end - ceil_to(g->least, g->align), 0);
}

struct window_span window_behind(const struct model_geometry *g, enum model_border border,
                                 int stage, int side, int begin, int end)
{
    struct window_span s = {begin, end, begin, end};
    if (border != BORDER_WRAP || stage == 0 || g->whole)
        border_hull(border, side, begin, end, &s.first, &s.last);
    return s;
}

/* The window of stage `stage` for outputs from..to-1 of the next. */
static struct window_span find_span(const struct model_geometry *g, enum model_border border,
                                    int stage, int side, int from, int to)
{
    struct window_span s;
    if (g->whole)
        span_around(g, 0, side * g->scale, &s);
    else
        span_around(g, from, to, &s);
    if (border == BORDER_MODEL)
        span_inside(g, side, &s);
    if (s.end - s.begin < g->least)
        s.end = s.begin + ceil_to(g->least, g->align);
    return window_behind(g, border, stage, side, s.begin, s.end);
}

void window_chain_find(const struct model_geometry *g, enum model_border border, int stages,
                       int side, int from, int to, struct window_chain *out)
{
    for (int k = stages; k >= 1; k--) {
        struct window_span s = find_span(g, border, k - 1, window_side(g, k - 1, side), from, to);
        out->stage[k] = s;
        from = s.first;
        to = s.last;
    }
}

int window_bound(const struct model_geometry *g, int stages, int count)
{
    int most = 0;
    for (int k = stages; k >= 1; k--) {
        int inside = count / g->scale + 2; /* an area may begin and end within a pixel */
        count = at_least(ceil_to(inside + 2 * g->halo + 2 * g->align, g->align),
                         ceil_to(g->least, g->align));
        most = at_least(most, count);
    }
    return most;
}

int window_side(const struct model_geometry *g, int stage, int side)
{
    for (int k = 0; k < stage; k++)
        side *= g->scale;
    return side;
}
