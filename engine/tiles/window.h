/* window.h - which pixels a rectangle of the output needs, stage by stage.
 *
 * Stage 0 is the picture, stage k the output of the kth repetition of the network; positions are in
 * pixels of their stage. Threads: pure functions. */
#ifndef UPSCALED_TILES_WINDOW_H
#define UPSCALED_TILES_WINDOW_H

#include "engine/nn/plan.h"

enum { WINDOW_MAX_STAGES = 3 }; /* 2^3 is the largest factor */

/* One axis of a window: it covers the positions begin..end-1, some perhaps beyond the edge; the
 * pixels first..last-1 of the stage before are behind them. */
struct window_span {
    int begin, end;
    int first, last;
};

/* One axis of a chain of windows. */
struct window_chain {
    enum axis axis;
    struct window_span stage[WINDOW_MAX_STAGES + 1]; /* [0] is not used */
};

/* The pixels of stage `stage`, which is `side` of them, behind positions begin..end-1. A wrapped
 * picture goes on for ever: from stage 1 on what lies past the edge is simply computed, and only
 * the picture itself is wrapped. */
struct window_span window_behind(const struct model_geometry *g, enum model_border border,
                                 int stage, int side, int begin, int end);

/* Asks backwards from outputs from..to-1 of the last of `stages` runs of a network over a side of
 * `side` pixels, along out->axis. */
void window_chain_find(const struct plan *p, enum model_border border, int stages, int side,
                       int from, int to, struct window_chain *out);

/* The largest window that any chain can hold which is asked for `count` outputs. */
int window_bound(const struct plan *p, int stages, int count);

/* The size of side that stage `stage` has. */
int window_side(const struct model_geometry *g, int stage, int side);

/* Whether all positions of a span have pixels of their own. */
bool window_is_inside(const struct window_span *s);

#endif
