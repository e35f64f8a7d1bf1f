/* image.h - a decoded picture: interleaved samples, gamma-encoded as they were stored.
 *
 * Threads: any number of threads may read a picture while none writes it. */
#ifndef UPSCALED_IMAGE_IMAGE_H
#define UPSCALED_IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

struct image_format {
    int width, height;
    int channels; /* 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA; alpha is not premultiplied */
    int depth;    /* bits of a sample: 8, or 16 in native byte order */
};

struct image {
    struct image_format format;
    size_t row_bytes; /* bytes from one row to the next: width * channels * depth / 8 */
    uint8_t *pixels;  /* [height][row_bytes] */
};

/* Return the bytes of one row, and of all rows. The format was checked when the file was read, so
 * these cannot overflow (sides < 2^31, size_t of 64 bits). */
size_t image_row_bytes(const struct image_format *f);
size_t image_bytes(const struct image_format *f);

/* Whether the format has an alpha channel (2 or 4 channels). */
static inline int image_has_alpha(const struct image_format *f)
{
    return f->channels % 2 == 0;
}

/* Makes a picture with uninitialised pixels. On ERR_OK the caller owns *out (image_free).
 * ERR_MEMORY. */
enum err_code image_new(const struct image_format *f, struct image **out, struct err *e);
void image_free(struct image *img); /* NULL is fine */

#endif
