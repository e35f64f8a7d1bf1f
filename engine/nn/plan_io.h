/* plan_io.h - areas of pictures, and how their rows come to a plan and leave it.
 *
 * Positions are samples; those of the enlarged picture may lie outside of it. */
#ifndef UPSCALED_NN_PLAN_IO_H
#define UPSCALED_NN_PLAN_IO_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/nn/profile.h"

/* Positions lo..hi-1 along an axis. */
struct span {
    int lo, hi;
};

struct plan_rect {
    int x, y, width, height;
};

/* The picture that goes in. `padded`: the network's own padding meets the picture's edges, beyond
 * which nothing is asked for. Otherwise the picture goes on for ever. */
struct plan_picture {
    int width, height;
    bool padded;
};

/* Where rows come from and go to. Planes are rows of one channel each. */
struct plan_io {
    /* Fills samples x..x+count-1 of row y of the picture. Positions may lie beyond the picture's
     * edges; the border decides what is there. */
    void (*load)(void *arg, int y, int x, int count, float *const *planes);
    /* Takes samples x..x+count-1 of row y of the enlarged picture. Rows come in order, once. */
    void (*store)(void *arg, int y, int x, int count, const float *const *planes);
    void *arg;
    struct profile *profile; /* counts the time of layers, or NULL */
    double *macs;            /* counts the multiply-adds (plan_work.h), or NULL */
    /* Where *cancel becomes true the run ends early, and rows are missing; or NULL. */
    const atomic_bool *cancel;
};

static inline bool plan_io_cancelled(const struct plan_io *io)
{
    return io->cancel && atomic_load_explicit(io->cancel, memory_order_relaxed);
}

#endif
