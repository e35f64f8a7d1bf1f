/* png_keep.h - which chunks beside the pixels are kept, and what they become in the output.
 *
 * PNG specification (third edition), 5.6 (order), 11.3 (ancillary chunks), 14.2 (editors). */
#ifndef UPSCALED_PNG_PNG_KEEP_H
#define UPSCALED_PNG_PNG_KEEP_H

#include "engine/base/buf.h"
#include "engine/png/png_walk.h"
#include "engine/png/png_writer_params.h"

/* Lists in the initialised, empty `out` what is to be kept of a file that png_walk_run has
 * verified, stated for the decoded `format`. Data stays in `bytes`. ERR_MEMORY. */
enum err_code png_keep_collect(const uint8_t *bytes, const struct png_walk *walk,
                               const struct image_format *format, struct png_meta *out,
                               struct err *e);

/* Appends what `params` wants of its metadata, from before or after the pixels. */
enum err_code png_keep_emit(const struct png_writer_params *params, bool after_pixels,
                            struct buf *out, struct err *e);

/* The most bytes that the metadata can take in an output; PNG_KEEP_FRAME a chunk beside its data.
 */
enum { PNG_KEEP_FRAME = 48 };
size_t png_keep_bound(const struct png_meta *m);

#endif
