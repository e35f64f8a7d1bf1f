/* png_head.h - reads the header of a PNG (its first 33 bytes) and checks it against the limits.
 *
 * PNG specification (third edition), 5.2 and 11.2.1. Reads no memory but the given bytes. */
#ifndef UPSCALED_PNG_PNG_HEAD_H
#define UPSCALED_PNG_PNG_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "engine/image/image.h"

enum { PNG_HEAD_BYTES = 33 }; /* signature, IHDR and its CRC */

struct png_limits {
    uint32_t max_side;   /* --max-side: of the width and of the height, in pixels */
    uint64_t max_pixels; /* --max-pixels: width x height */
    /* These limit the chunks that may have to be kept: all except critical ones and the frames of
     * an animation. Empty pixel chunks and empty frames count too, because each costs time. */
    uint32_t max_chunks;    /* --max-chunks: their number */
    size_t max_chunk_bytes; /* --max-chunk-bytes: their data */
};

extern const struct png_limits
    png_default_limits; /* 32768, 2^26, 1000, 8 MiB: the defaults of the options */

/* The beginning of a file, or all of it. */
struct png_prefix {
    const uint8_t *bytes;
    size_t length;     /* of `bytes` */
    size_t file_bytes; /* of the whole file */
};

struct png_head {
    int width, height;
    int bit_depth;  /* 1, 2, 4, 8, 16 */
    int color_type; /* 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA */
    bool interlaced;
};

/* Checks the first `length` bytes of a file. If they are fewer than PNG_HEAD_BYTES, the result is
 * ERR_PNG_TRUNCATED, unless they already show that the file is no PNG. The sentence of ERR_NOT_PNG
 * names what the file is instead (JPEG, WebP, GIF, ...). Also ERR_PNG_HEADER, ERR_PNG_CRC,
 * ERR_PNG_UNSUPPORTED, ERR_TOO_WIDE, ERR_TOO_MANY_PIXELS, as err.h says. */
enum err_code png_head_read(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                            struct png_head *out, struct err *e);

/* Returns the most bytes that the decoded picture can take (tRNS may add an alpha channel). */
uint64_t png_head_pixel_bytes(const struct png_head *h);

#endif
