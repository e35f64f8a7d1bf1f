/* plan_io.h - areas of pictures, and the callbacks by which a plan reads and writes rows.
 *
 * Positions are in samples. Positions in the enlarged picture may lie outside of it. */
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

/* The input picture. If it is `padded`, the network's own padding begins at the edges of the
 * picture, and the plan asks for nothing beyond them. Otherwise the picture has no edges. */
struct plan_picture {
    int width, height;
    bool padded;
};

/* The source and the destination of rows. Planes are rows of one channel each. */
struct plan_io {
    /* Fills samples x..x+count-1 of row y of the picture. Positions may lie beyond the edges of the
     * picture; the border determines their values. */
    void (*load)(void *arg, int y, int x, int count, float *const *planes);
    /* Takes samples x..x+count-1 of row y of the enlarged picture. Each row comes once, in
     * order. */
    void (*store)(void *arg, int y, int x, int count, const float *const *planes);
    void *arg;
    struct profile *profile; /* counts the time of layers, or NULL */
    double *macs;            /* counts the multiply-adds (plan_work.h), or NULL */
    /* If *cancel becomes true, the run ends early and rows are missing. May be NULL. */
    const atomic_bool *cancel;
};

static inline bool plan_io_cancelled(const struct plan_io *io)
{
    return io->cancel && atomic_load_explicit(io->cancel, memory_order_relaxed);
}

#endif
