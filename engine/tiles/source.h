/* source.h - the picture's samples as float, a row at a time: what lies beyond the edge is what the
 * border says. Threads: pure functions. */
#ifndef UPSCALED_TILES_SOURCE_H
#define UPSCALED_TILES_SOURCE_H

#include "engine/image/image.h"
#include "engine/image/resample.h"
#include "engine/nn/model.h"

/* Which samples: full-range luma of RGB, the three of RGB, the gray channel, alpha. */
enum source { SOURCE_LUMA, SOURCE_RGB, SOURCE_GRAY, SOURCE_ALPHA };

/* Samples x..x+count-1 of row y into `channels` planes: the three of SOURCE_RGB, or one sample
 * repeated. */
void source_load(const struct image *img, enum model_border border, enum source source, int y,
                 int x, int count, int channels, float *const *planes);

/* The chroma of `area`: cb, cr [height][width]. `spare` holds area.width floats. */
void source_load_chroma(const struct image *img, enum model_border border,
                        struct resample_area area, float *restrict cb, float *restrict cr,
                        float *restrict spare);

#endif
