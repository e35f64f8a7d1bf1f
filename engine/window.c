/* window.c - see window.h. */
#include "engine/window.h"

#include <string.h>

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

bool window_is_inside(const struct window_span *s)
{
    return s->first == s->begin && s->last == s->end;
}

void window_extend(enum model_border border, int width, int height, const struct window_span *sx,
                   const struct window_span *sy, size_t channels, const float *restrict data,
                   float *restrict window)
{
    size_t data_row = (size_t)(sx->last - sx->first) * channels;
    size_t window_row = (size_t)(sx->end - sx->begin) * channels;
    bool endless_x = window_is_inside(sx), endless_y = window_is_inside(sy);
    for (int y = sy->begin; y < sy->end; y++, window += window_row) {
        int from_y = endless_y ? y : border_map(border, y, height);
        if (!endless_y && from_y == BORDER_NOTHING) {
            memset(window, 0, window_row * sizeof *window);
            continue;
        }
        const float *from = data + (size_t)(from_y - sy->first) * data_row;
        if (endless_x) {
            memcpy(window, from, window_row * sizeof *window);
            continue;
        }
        float *to = window;
        for (int x = sx->begin; x < sx->end; x++, to += channels) {
            int from_x = border_map(border, x, width);
            if (from_x == BORDER_NOTHING)
                memset(to, 0, channels * sizeof *to);
            else
                memcpy(to, from + (size_t)(from_x - sx->first) * channels, channels * sizeof *to);
        }
    }
}
