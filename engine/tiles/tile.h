/* tile.h - computes one rectangle of the output, from stored samples to stored samples.
 *
 * A tile first finds the windows that it needs, from its output backwards (window.h). Then it
 * computes forwards. It reads nothing outside these windows, so it is independent of its
 * neighbours, and a pixel has the same value in every tile that contains it.
 * Threads: a job is immutable while tiles run; each thread brings its own scratch. */
#ifndef UPSCALED_TILES_TILE_H
#define UPSCALED_TILES_TILE_H

#include "engine/tiles/strips.h"
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

/* Does the same for the next tile of a strip. The tile is as wide as the strip, and the first one
 * begins at the top. `scratch` belongs to the strip. */
double tile_run_strip(const struct tile_job *job, const struct strips *strips,
                      const struct tile_target *to, void *scratch);

#endif
