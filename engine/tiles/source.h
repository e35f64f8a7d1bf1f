/* source.h - loads the samples of a picture as float, a row at a time. The border determines the
 * samples beyond the edge. Threads: pure functions. */
#ifndef UPSCALED_TILES_SOURCE_H
#define UPSCALED_TILES_SOURCE_H

#include "engine/image/image.h"
#include "engine/image/resample.h"
#include "engine/nn/model.h"
#include "engine/nn/plan_io.h"

/* The kind of samples: full-range luma of RGB, the three of RGB, the gray channel, alpha. */
enum source_kind { SOURCE_LUMA, SOURCE_RGB, SOURCE_GRAY, SOURCE_ALPHA };

struct source {
    const struct image *img;
    enum model_border border;
    enum source_kind kind;
};

/* Loads the samples at the columns `x` of row y into `channels` planes. SOURCE_RGB has three
 * samples for each pixel; the one sample of other kinds is repeated. */
void source_load(const struct source *s, int y, struct span x, int channels, float *const *planes);

/* Loads the chroma of `area`: cb, cr [height][width]. `spare` holds area.width floats. */
void source_load_chroma(const struct source *s, struct resample_area area, float *restrict cb,
                        float *restrict cr, float *restrict spare);

#endif
