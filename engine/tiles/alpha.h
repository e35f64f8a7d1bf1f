/* alpha.h - what a picture's transparency asks of the enlarging, found out and prepared. */
#ifndef UPSCALED_TILES_ALPHA_H
#define UPSCALED_TILES_ALPHA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"

struct alpha_call {
    bool keep_colors; /* in: colours under alpha 0 are data, and stay */
    bool used;        /* out: alpha is anything but opaque */
};

/* Looks at the alpha of `img`, which has some. Where pixels are wholly transparent their colours are
 * replaced (bleed.h), unless they are to be kept. In pieces that leave others their turn.
 * ERR_CANCELLED, ERR_MEMORY. */
enum err_code alpha_prepare(struct pool *pool, struct image *img, const atomic_bool *cancel,
                            struct alpha_call *call, struct err *e);

#endif
