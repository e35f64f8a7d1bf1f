/* source.h - the picture's samples as float, over any rectangle: what lies beyond the edge is what
 * the border says. Rows of an area are its width apart. Threads: pure functions. */
#ifndef UPSCALED_SOURCE_H
#define UPSCALED_SOURCE_H

#include "engine/image/image.h"
#include "engine/image/resample.h"
#include "engine/nn/model.h"

/* Which samples: full-range luma of RGB, the three of RGB, the gray channel, alpha. */
enum source { SOURCE_LUMA, SOURCE_RGB, SOURCE_GRAY, SOURCE_ALPHA };

/* out [height][width][channels]; one sample fills all channels, but for SOURCE_RGB. `spare` holds
 * area.width floats. */
void source_load(const struct image *img, enum model_border border, enum source source,
                 struct resample_area area, int channels, float *restrict out,
                 float *restrict spare);

/* cb, cr [height][width]. `spare` holds area.width floats. */
void source_load_chroma(const struct image *img, enum model_border border,
                        struct resample_area area, float *restrict cb, float *restrict cr,
                        float *restrict spare);

#endif
