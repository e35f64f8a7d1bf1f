/* png_writer.h - writes a PNG: pixels and metadata in, bytes out.
 *
 * Threads encode the pixels as strips (png_strip.h) in any order; the writer takes them in order.
 * The bytes of the file do not depend on which thread encoded a strip, or when. Threads: a writer
 * belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_WRITER_H
#define UPSCALED_PNG_PNG_WRITER_H

#include "engine/base/buf.h"
#include "engine/png/png_strip.h"
#include "engine/png/png_writer_params.h"

struct png_writer;

/* Returns the most bytes that `rows` rows of a file can take, with everything except metadata. */
size_t png_writer_bound(const struct image_format *f, int rows);

/* Begins a file: appends its head to `out`, which is borrowed until png_writer_free. On ERR_OK the
 * caller owns *w. ERR_OUTPUT_TOO_LARGE if the file would pass out->max. */
enum err_code png_writer_new(const struct png_writer_params *params, struct buf *out,
                             struct png_writer **w, struct err *e);
void png_writer_free(struct png_writer *w); /* NULL is fine */

/* Appends the next strip, which has png_strip_rows of the format or the rest of the picture. Frees
 * its chunk, also on an error. */
enum err_code png_writer_add(struct png_writer *w, struct png_strip *strip, struct err *e);

/* Ends the file. All rows must have been added. */
enum err_code png_writer_finish(struct png_writer *w, struct err *e);

#endif
