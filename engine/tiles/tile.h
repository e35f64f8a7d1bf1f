/* tile.h - one rectangle of the output, from stored samples to stored samples.
 *
 * A tile first finds, from its output backwards, the windows that it needs (window.h), then
 * computes forwards. It reads nothing outside those windows, so it is independent of its
 * neighbours, and a pixel has the same value in every tile that contains it. Threads: a job is
 * immutable while tiles run; each thread brings its own scratch. */
#ifndef UPSCALED_TILES_TILE_H
#define UPSCALED_TILES_TILE_H

#include "engine/tiles/tile_job.h"

/* Computes `area` of the output into `pixels` (the area's first sample), rows `row_bytes` apart.
 * Cannot fail, does not allocate. Returns the multiply-adds that it did. */
double tile_run(const struct tile_job *job, struct resample_area area, uint8_t *pixels,
                size_t row_bytes, void *scratch);

#endif
