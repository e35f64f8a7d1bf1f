/* tile.h - one rectangle of the output, from stored samples to stored samples.
 *
 * A tile first finds, from its output backwards, the windows that it needs (window.h), then
 * computes forwards. It reads nothing outside those windows, so it is independent of its
 * neighbours, and a pixel has the same value in every tile that contains it. Threads: a job is
 * immutable while tiles run; each thread brings its own scratch. */
#ifndef UPSCALED_TILES_TILE_H
#define UPSCALED_TILES_TILE_H

#include "engine/tiles/strips.h"
#include "engine/tiles/tile_job.h"

/* Where a tile's samples go. */
struct tile_target {
    struct resample_area area; /* of the output */
    uint8_t *pixels;           /* the area's first sample */
    size_t row_bytes;          /* from one row to the next */
};

/* Computes one tile. Cannot fail, does not allocate; where job->cancel becomes true, samples may be
 * missing. Returns the multiply-adds that it did. */
double tile_run(const struct tile_job *job, const struct tile_target *to, void *scratch);

/* The same for a tile that is the next of its strip, as wide as that: the first begins at the top.
 * `scratch` is the strip's own. */
double tile_run_strip(const struct tile_job *job, const struct strips *strips,
                      const struct tile_target *to, void *scratch);

#endif
