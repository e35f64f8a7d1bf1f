/* png_writer.h - pixels and metadata in, PNG bytes out, a few rows at a time.
 *
 * Threads: a writer belongs to one thread at a time. */
#ifndef UPSCALED_IMAGE_PNG_WRITER_H
#define UPSCALED_IMAGE_PNG_WRITER_H

#include "engine/base/buf.h"
#include "engine/image/image.h"
#include "engine/image/png_meta.h"

struct png_writer;

struct png_writer_params {
    struct image_format format;
    int compression; /* zlib's 0..9 */
    enum png_metadata metadata;
    const struct png_meta *meta; /* what the input said, borrowed until png_writer_free; or NULL */
    struct image_format source;  /* the input's format: pHYs follows the change in size */
};

/* Appends the head of the file to `out`, borrowed until png_writer_free. When the file would pass
 * out->max: ERR_OUTPUT_TOO_LARGE. On ERR_OK the caller owns *w. */
enum err_code png_writer_new(const struct png_writer_params *params, struct buf *out,
                             struct png_writer **w, struct err *e);
void png_writer_free(struct png_writer *w); /* NULL is fine */

/* Appends the next `count` rows. */
enum err_code png_writer_rows(struct png_writer *w, const uint8_t *pixels, size_t row_bytes,
                              int count, struct err *e);

/* Ends the file; all rows must have been given. */
enum err_code png_writer_finish(struct png_writer *w, struct err *e);

#endif
