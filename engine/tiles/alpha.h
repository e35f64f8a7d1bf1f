/* alpha.h - what a picture's transparency asks of the enlarging, found out and prepared. */
#ifndef UPSCALED_TILES_ALPHA_H
#define UPSCALED_TILES_ALPHA_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"

/* Looks at the alpha of `img`, which has some: *used says whether it is anything but opaque. Where
 * pixels are wholly transparent their colours are replaced (bleed.h). In pieces that leave others
 * their turn. ERR_CANCELLED, ERR_MEMORY. */
enum err_code alpha_prepare(struct pool *pool, struct image *img, const atomic_bool *cancel,
                            bool *used, struct err *e);

#endif
