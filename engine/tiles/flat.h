/* flat.h - keeps alpha exact where it is all transparent or all opaque around a pixel.
 *
 * A network does not reproduce a constant picture exactly: its output differs by some levels.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_FLAT_H
#define UPSCALED_TILES_FLAT_H

#include "engine/image/resample.h"
#include "engine/tiles/tile_job.h"

/* Corrects the alpha of `row`, a row of output samples that begins at area.x of output row area.y
 * and has area.width pixels. If the nine pixels of the picture around the centre of an output pixel
 * are all 0 or all at their maximum, the output gets the same value. The border determines the
 * pixels beyond the edge. The output must have at least as many pixels along each axis as the
 * picture. */
void flat_alpha(const struct tile_job *job, struct resample_area area, uint8_t *row);

#endif
