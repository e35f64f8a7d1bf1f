/* png_libpng.h - libpng's own opinion of a file, by its plain interface; nothing of ours. */
#ifndef UPSCALED_TESTS_LIB_PNG_LIBPNG_H
#define UPSCALED_TESTS_LIB_PNG_LIBPNG_H

#include <stddef.h>
#include <stdint.h>

#include "engine/image/image.h"

/* The pixels, expanded as png_set_expand does, 16 bits in native order (free()); NULL where libpng
 * refuses the file. Check sums are not looked at. */
uint8_t *png_libpng_decode(const uint8_t *bytes, size_t length, struct image_format *f);

#endif
