/* png_libpng.h - for tests: decodes a file with libpng's plain interface, and no code of ours. */
#ifndef UPSCALED_TESTS_LIB_PNG_LIBPNG_H
#define UPSCALED_TESTS_LIB_PNG_LIBPNG_H

#include <stddef.h>
#include <stdint.h>

#include "engine/image/image.h"

/* Returns the pixels, expanded as by png_set_expand, with 16 bits in native order; NULL if libpng
 * refuses the file. An IDAT in which the file ends counts as one of the length that is there. The caller frees them with free(). Check sums are not verified. */
uint8_t *png_libpng_decode(const uint8_t *bytes, size_t length, struct image_format *f);

#endif
