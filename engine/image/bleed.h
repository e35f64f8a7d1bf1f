/* bleed.h - spreads visible colours under transparent pixels, so that borders do not fringe.
 *
 * Interpolation near a transparent border mixes in the colours that are hidden under alpha 0, which
 * are often black. So each pixel of alpha 0 takes the colour of (about) the nearest pixel that
 * shows. The method is a chamfer distance transform (Borgefors 1986) that carries the colour along,
 * in two passes over the picture. Threads: a bleed belongs to one thread at a time. */
#ifndef UPSCALED_IMAGE_BLEED_H
#define UPSCALED_IMAGE_BLEED_H

#include <stdbool.h>

#include "engine/image/image.h"

/* The kinds of alpha: all opaque, some not opaque, some fully transparent. */
enum bleed_alpha { ALPHA_OPAQUE, ALPHA_PARTIAL, ALPHA_HOLES };

/* Examines rows from..to-1. Returns ALPHA_OPAQUE for a picture without alpha. */
enum bleed_alpha bleed_look(const struct image *img, int from, int to);

struct bleed;

/* Returns the most memory that bleed_new allocates for a picture of this format. */
size_t bleed_bytes(const struct image_format *f);

/* Begins to spread the colours of a picture with holes. `img` is borrowed. On ERR_OK the caller
 * owns *out (bleed_free). ERR_MEMORY. */
enum err_code bleed_new(struct image *img, struct bleed **out, struct err *e);
void bleed_free(struct bleed *b); /* NULL is fine */

/* Processes about `pixels` more pixels. Returns true when the picture is done. Cannot fail. */
bool bleed_step(struct bleed *b, size_t pixels);

#endif
