/* tile.h - computes one rectangle of the output, from stored samples to stored samples.
 *
 * A tile first finds the windows that it needs, from its output backwards (window.h). Then it
 * computes forwards. It reads nothing outside these windows, so it is independent of its
 * neighbours, and a pixel has the same value in every tile that contains it.
 * Threads: a job is immutable while tiles run; each thread brings its own scratch. */
#ifndef UPSCALED_TILES_TILE_H
#define UPSCALED_TILES_TILE_H

#include "engine/tiles/tile_job.h"

/* The destination of a tile's samples. */
struct tile_target {
    struct resample_area area; /* area of the output */
    uint8_t *pixels;           /* the first sample of the area */
    size_t row_bytes;          /* from one row to the next */
};

/* Computes one tile, and returns the multiply-adds that it did. Cannot fail, does not allocate. If
 * job->cancel becomes true, samples may be missing. */
double tile_run(const struct tile_job *job, const struct tile_target *to, void *scratch);

/* A round of a strip (plan.h). */
struct tile_round {
    const struct plan_strip *strips; /* [2]: for the colours and for alpha */
    int round;
};

/* Does the same for rows that the round of a strip makes, which may be none. The area is as wide as
 * the strip. The scratch has the bytes of tile_strip_bytes and then those of
 * plan_strip_scratch_bytes. */
double tile_run_round(const struct tile_job *job, const struct tile_round *round,
                      const struct tile_target *to, void *scratch);

#endif
