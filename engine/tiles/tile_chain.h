/* tile_chain.h - finds the windows that a tile needs along one axis, and their work. Both the run
 * (tile.c) and the estimate (tile_work) use these functions, so they agree.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_TILE_CHAIN_H
#define UPSCALED_TILES_TILE_CHAIN_H

#include "engine/nn/plan_work.h"
#include "engine/tiles/bands.h"
#include "engine/tiles/tile_job.h"
#include "engine/tiles/window.h"

/* One axis of a tile: the part of the last network's output that it needs, and the windows for
 * it. */
struct tile_chain {
    int side; /* side of the picture */
    struct window_span want;
    struct window_chain windows;
};

/* Whether the output of the last network is larger than that of the job, and is then downscaled. */
bool tile_shrinks(const struct tile_job *job);

/* Finds the windows behind the outputs from..from+count-1 along the axis. */
void tile_chain_find(const struct tile_job *job, enum axis axis, int from, int count,
                     struct tile_chain *out);

/* Returns the window of stage k, 1..job->chain.count, along the axis. */
const struct window_span *tile_chain_span(const struct tile_job *job, const struct tile_chain *c,
                                          int k);

/* Returns the picture over which the network of stage k runs. */
struct plan_picture tile_stage_picture(const struct tile_job *job, int k);

/* Finds the multiply-adds of one run of all networks over the samples of a picture, for all tiles
 * together. A picture needs one run for its colours and one for its alpha. ERR_MEMORY. */
enum err_code tile_work(const struct tile_job *job, const struct bands *bands, double *macs,
                        struct err *e);

#endif
