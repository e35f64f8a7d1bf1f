/* alpha.h - examines the alpha of a picture and prepares its colours before it is enlarged. */
#ifndef UPSCALED_TILES_ALPHA_H
#define UPSCALED_TILES_ALPHA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"

struct alpha_call {
    bool keep_colors; /* in: colours under alpha 0 are data, and are kept */
    bool used;        /* out: at least one pixel is not opaque */
};

/* Examines the alpha of `img`, which has an alpha channel. Unless the colours are to be kept,
 * replaces those of fully transparent pixels (bleed.h). The work is divided into pieces, so that
 * other requests can run in between. ERR_CANCELLED, ERR_MEMORY. */
enum err_code alpha_prepare(struct pool *pool, struct image *img, const atomic_bool *cancel,
                            struct alpha_call *call, struct err *e);

#endif
