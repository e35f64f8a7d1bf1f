/* gray.h - finds out whether a picture that is stored in colour is all gray. */
#ifndef UPSCALED_TILES_GRAY_H
#define UPSCALED_TILES_GRAY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"

/* Examines the colours of `img`, which has three channels or more, up to the first pixel that is
 * not gray. Sets *gray to true if there is none. The work is divided into pieces, so that other
 * requests can run in between. ERR_CANCELLED. */
enum err_code gray_look(struct pool *pool, const struct image *img, const atomic_bool *cancel,
                        bool *gray, struct err *e);

#endif
