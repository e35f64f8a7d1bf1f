/* png_reference.h - what libpng makes of a picture with its own settings: the measure of ours.
 * Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_REFERENCE_H
#define UPSCALED_PNG_PNG_REFERENCE_H

#include "engine/image/image.h"

/* Writes the picture at zlib's level 1..9, filters as libpng chooses them, and counts the bytes. */
enum err_code png_reference_encode(const struct image *img, int level, size_t *bytes,
                                   struct err *e);

/* Reads a file to pixels as png_read_png does, which are let go. ERR_PNG_ZLIB for any damage. */
enum err_code png_reference_decode(const uint8_t *file, size_t length, struct err *e);

#endif
