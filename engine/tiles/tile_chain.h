/* tile_chain.h - the windows that a tile needs along one axis, and how much work that is. Both the
 * run (tile.c) and the estimate (tile_work) use these functions, so they agree.
 *
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_TILE_CHAIN_H
#define UPSCALED_TILES_TILE_CHAIN_H

#include "engine/nn/plan_work.h"
#include "engine/tiles/bands.h"
#include "engine/tiles/tile_job.h"
#include "engine/tiles/window.h"

/* One axis of a tile: what it wants of the last network's output, and the windows for it. */
struct tile_chain {
    int side; /* of the picture */
    struct window_span want;
    struct window_chain windows;
};

/* Whether the last network makes more than the output, which is then downscaled. */
bool tile_shrinks(const struct tile_job *job);

/* Finds the windows behind the outputs from..from+count-1 along the axis. */
void tile_chain_find(const struct tile_job *job, enum axis axis, int from, int count,
                     struct tile_chain *out);

/* The window that stage k, 1..job->chain.count, leaves of the axis. */
const struct window_span *tile_chain_span(const struct tile_job *job, const struct tile_chain *c,
                                          int k);

/* The picture that the network of stage k runs over. */
struct plan_picture tile_stage_picture(const struct tile_job *job, int k);

/* The multiply-adds of one run of all networks over a picture's samples, all tiles together; a
 * picture takes one for its colours and one for its alpha. ERR_MEMORY. */
enum err_code tile_work(const struct tile_job *job, const struct bands *bands, double *macs,
                        struct err *e);

#endif
