/* gray.h - whether a picture that is stored in colour is all gray. */
#ifndef UPSCALED_TILES_GRAY_H
#define UPSCALED_TILES_GRAY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"

/* Looks at the colours of `img`, which has three channels or more, up to the first pixel that is not
 * gray: *gray is whether there is none. In pieces that leave others their turn. ERR_CANCELLED. */
enum err_code gray_look(struct pool *pool, const struct image *img, const atomic_bool *cancel,
                        bool *gray, struct err *e);

#endif
