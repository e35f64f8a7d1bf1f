/* tile_job.h - the data that all tiles of one picture share. */
#ifndef UPSCALED_TILES_TILE_JOB_H
#define UPSCALED_TILES_TILE_JOB_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/image/image.h"
#include "engine/image/resample.h"
#include "engine/tiles/chain.h"

struct tile_job {
    struct chain chain;
    enum model_border border;
    const struct image *img;
    struct image_format out;
    bool gray;            /* all pixels are gray but stored in colour, and the model sees RGB */
    bool alpha;           /* the network enlarges alpha; otherwise it is opaque, or there is none */
    size_t scratch_bytes; /* bytes of scratch of each worker */
    const atomic_bool *cancel;                   /* ends tiles early, or NULL */
    struct profile *profile;                     /* counts the network's time, or NULL */
    const struct resample_axis *down_x, *down_y; /* last network's size to out's; NULL if equal */
    const struct resample_axis *chroma_x, *chroma_y; /* img's size to out's; NULL without chroma */
};

/* Whether pictures of this format have chroma, which this model does not see. */
static inline bool tile_has_chroma(const struct model *m, const struct image_format *f)
{
    return m->color == COLOR_Y && f->channels >= 3;
}

#endif
