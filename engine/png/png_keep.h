/* png_keep.h - decides which metadata chunks are kept, and writes them into the output.
 *
 * PNG specification (third edition), 5.6 (order), 11.3 (ancillary chunks), 14.2 (editors). */
#ifndef UPSCALED_PNG_PNG_KEEP_H
#define UPSCALED_PNG_PNG_KEEP_H

#include "engine/base/buf.h"
#include "engine/png/png_walk.h"
#include "engine/png/png_writer_params.h"

/* Fills the initialised, empty `out` with the chunks to keep of a file that png_walk_run has
 * verified, restated for the decoded `format`. Their data stays in `bytes`. ERR_MEMORY. */
enum err_code png_keep_collect(const uint8_t *bytes, const struct png_walk *walk,
                               const struct image_format *format, struct png_meta *out,
                               struct err *e);

/* Appends the metadata that `params` asks for and that stands before or after the pixels. */
enum err_code png_keep_emit(const struct png_writer_params *params, bool after_pixels,
                            struct buf *out, struct err *e);

/* Returns the most bytes that the metadata can take in an output: its data, and PNG_KEEP_FRAME for
 * each chunk. */
enum { PNG_KEEP_FRAME = 48 };
size_t png_keep_bound(const struct png_meta *m);

#endif
