/* window.h - finds the pixels that a rectangle of the output needs, stage by stage.
 *
 * Stages are those of a chain (chain.h); positions are in pixels of their stage. Threads: pure
 * functions. */
#ifndef UPSCALED_TILES_WINDOW_H
#define UPSCALED_TILES_WINDOW_H

#include "engine/tiles/chain.h"

/* One axis of a window. It covers the positions begin..end-1, of which some may lie beyond the
 * edge. They are computed from the pixels first..last-1 of the stage before. */
struct window_span {
    int begin, end;
    int first, last;
};

/* One axis of a chain of windows. */
struct window_chain {
    enum axis axis;
    struct window_span stage[CHAIN_MOST + 1]; /* [0] is not used */
};

/* A chain of networks that runs over one side of a picture. */
struct window_job {
    const struct chain *chain;
    enum model_border border;
    int side; /* pixels of the picture along the axis */
};

/* Returns the pixels of stage `stage` for the positions of `s`. A wrapped picture has no edge: from
 * stage 1 on, pixels beyond the edge are computed, and only the picture itself is wrapped. */
struct window_span window_behind(const struct window_job *job, int stage, struct span s);

/* Finds all windows along out->axis that the outputs `wanted` of the last stage need. */
void window_chain_find(const struct window_job *job, struct span wanted, struct window_chain *out);

/* Returns the largest window of stages `first` and later that any `count` outputs can need. */
int window_bound(const struct chain *c, int first, int count);

/* Whether all positions of a span lie inside the picture. */
bool window_is_inside(const struct window_span *s);

#endif
