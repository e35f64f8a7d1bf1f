/* flat.h - alpha that is all transparent or all opaque around a pixel stays exactly so.
 *
 * A network answers a constant input with a value that is off by some levels. Threads: pure
 * functions. */
#ifndef UPSCALED_TILES_FLAT_H
#define UPSCALED_TILES_FLAT_H

#include "engine/image/resample.h"
#include "engine/tiles/tile_job.h"

/* Corrects the alpha of `row`, a row of output samples that begins at area.x of output row area.y
 * and has area.width pixels: where the nine pixels of the picture around an output pixel's centre
 * are all 0 or all at their maximum, so is the output. What lies beyond the edge is what the border
 * says. The output has at least as many pixels each way as the picture. */
void flat_alpha(const struct tile_job *job, struct resample_area area, uint8_t *row);

#endif
