/* png_strip.h - some rows of a picture as one IDAT chunk, made without knowing its neighbours.
 *
 * Each strip is filtered and deflated on its own and ends in a sync flush (RFC 1951, 3.2.4: an
 * empty stored block), so that strips made by different threads join into one zlib stream; their
 * check sums are combined afterwards. Threads: pure functions. */
#ifndef UPSCALED_IMAGE_PNG_STRIP_H
#define UPSCALED_IMAGE_PNG_STRIP_H

#include "engine/base/buf.h"
#include "engine/image/image.h"

struct png_strip {
    int rows;
    struct buf chunk;   /* length, IDAT, data, CRC */
    uint32_t adler;     /* of the filtered rows */
    size_t adler_bytes; /* how many bytes that is over */
};

/* Rows of every strip but the last: fixed by the format, so that bytes do not depend on how the
 * rows arrive. A power of two, at most PNG_STRIP_ROWS. */
enum { PNG_STRIP_ROWS = 64 };
int png_strip_rows(const struct image_format *f);

/* Makes one strip of `rows` rows that begin at `pixels`. `above` is the row before them, NULL at
 * the picture's top, where the zlib stream's head goes in front. compression: 0 stores; 1..6 look
 * at some rows and choose between Huffman coding alone, which is all that photographs gain by, and
 * matching at that level; 7..9 always match. ERR_MEMORY. On ERR_OK the caller owns out->chunk
 * (buf_done). */
enum err_code png_strip_encode(const struct image_format *f, int compression, const uint8_t *pixels,
                               size_t row_bytes, const uint8_t *above, int rows,
                               struct png_strip *out, struct err *e);

#endif
