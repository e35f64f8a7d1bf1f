/* bleed.h - visible colour spread under transparency, so that borders do not fringe.
 *
 * Interpolation near a transparent border mixes in the colour hidden under alpha 0, often black.
 * Pixels of alpha 0 therefore take the colour of (about) the nearest pixel that shows: a chamfer
 * distance transform that carries the source along (Borgefors 1986), two passes over the picture.
 */
#ifndef UPSCALED_IMAGE_BLEED_H
#define UPSCALED_IMAGE_BLEED_H

#include <stdbool.h>

#include "engine/image/image.h"

/* What a picture's alpha says. */
enum bleed_alpha { ALPHA_OPAQUE, ALPHA_PARTIAL, ALPHA_HOLES };

/* Looks at rows from..to-1: all opaque, some translucent, or some fully transparent. */
enum bleed_alpha bleed_look(const struct image *img, int from, int to);

struct bleed;

/* The memory that bleed_new takes for such a picture. */
size_t bleed_bytes(const struct image_format *f);

/* For a picture with holes. On ERR_OK the caller owns *out (bleed_free); `img` is borrowed. */
enum err_code bleed_new(struct image *img, struct bleed **out, struct err *e);
void bleed_free(struct bleed *b); /* NULL is fine */

/* Does about `pixels` more of the work on the picture; true when all is done. Cannot fail. */
bool bleed_step(struct bleed *b, size_t pixels);

#endif
