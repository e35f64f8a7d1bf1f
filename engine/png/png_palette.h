/* png_palette.h - makes colours of the indices of a picture with a palette.
 *
 * As in libpng, an index without a colour is opaque black. Threads: read-only once it is read. */
#ifndef UPSCALED_PNG_PNG_PALETTE_H
#define UPSCALED_PNG_PNG_PALETTE_H

#include "engine/png/png_walk.h"

struct png_palette {
    uint8_t colors[256][4]; /* red, green, blue, alpha */
    int count;              /* of the colours that the file has */
    int channels;           /* of the pixels: 3, or 4 if the file has a tRNS */
};

/* Reads the palette of a file that has one and that png_walk_run has verified. */
void png_palette_read(struct png_palette *p, const uint8_t *bytes, const struct png_walk *walk);

/* Writes the pixels of `count` indices of a byte each. `to` may be the place of the indices. Returns
 * whether the file has a colour for each of them. */
bool png_palette_row(const struct png_palette *p, const uint8_t *from, size_t count, uint8_t *to);

#endif
