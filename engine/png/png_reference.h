/* png_reference.h - libpng with its own settings, with which our codec is compared. Threads: pure
 * functions. */
#ifndef UPSCALED_PNG_PNG_REFERENCE_H
#define UPSCALED_PNG_PNG_REFERENCE_H

#include "engine/image/image.h"

/* Encodes the picture at zlib's level 1..9 with the filters that libpng chooses, and counts the
 * bytes. */
enum err_code png_reference_encode(const struct image *img, int level, size_t *bytes,
                                   struct err *e);

/* Decodes a file as png_read_png does, and discards the pixels. ERR_PNG_ZLIB for any damage. */
enum err_code png_reference_decode(const uint8_t *file, size_t length, struct err *e);

#endif
