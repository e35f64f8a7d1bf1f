/* png_reader.h - reads a PNG: bytes in, pixels and metadata out.
 *
 * The whole file is verified before any memory for pixels is allocated: the place, length and CRC
 * of every chunk. Where the file ends early, decoding finds out whether the pixels are complete. libpng then sees only the critical chunks and tRNS. Metadata is kept as raw,
 * bounded chunks; compressed chunks are decompressed, within a limit, only to judge them. Gray stays gray, and 16 bits stay 16. 1, 2 and 4 bits become
 * 8, a palette becomes RGB, and tRNS in its three forms becomes an alpha channel. What libpng and
 * the browsers ignore is ignored here too, with a warning: bytes after IEND, compressed data beyond
 * the last row, a tRNS that cannot apply, palette indices without an entry (black, as in libpng).
 *
 * Threads: a reader belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_READER_H
#define UPSCALED_PNG_PNG_READER_H

#include "engine/png/png_head.h"
#include "engine/png/png_meta.h"

struct png_reader;

/* Verifies the file and prepares to decode. `bytes` is borrowed until png_reader_free.
 * On ERR_OK the caller owns *out. ERR_NOT_PNG, ERR_PNG_*, ERR_TOO_*, ERR_MEMORY. */
enum err_code png_reader_new(const uint8_t *bytes, size_t length, const struct png_limits *limits,
                             struct png_reader **out, struct err *e);
void png_reader_free(struct png_reader *r); /* NULL is fine */

/* Returns the most memory that a reader of such a file takes, without its metadata. */
size_t png_reader_bytes(const struct png_head *h);

/* Returns the format of the pixels that will come. */
const struct image_format *png_reader_format(const struct png_reader *r);

/* Returns the metadata of the file. The reader owns it; its data is in the bytes of the file. */
const struct png_meta *png_reader_meta(const struct png_reader *r);

/* Makes libpng decode all pixels, even those of a plain file, for comparison. Must come before the
 * first step. */
void png_reader_by_libpng(struct png_reader *r);

/* Decodes about `pixels` more pixels into `img`, which has the format of the reader. Small steps
 * let callers share a thread fairly. Sets *done when the picture is complete. After an error the
 * reader can only be freed. ERR_PNG_ZLIB, ERR_PNG_TRUNCATED, ERR_PNG_CHUNK, ERR_MEMORY. */
enum err_code png_reader_step(struct png_reader *r, struct image *img, size_t pixels, bool *done,
                              struct err *e);

/* These do the same in parts, for callers with threads. png_reader_parts returns the number of
 * parts, 1 or 3. They may run at the same time, each with the arguments of png_reader_step. When all
 * of them have run, the caller calls png_reader_turn. */
int png_reader_parts(const struct png_reader *r);
void png_reader_part(struct png_reader *r, int part, struct image *img, size_t pixels,
                     struct err *e);
enum err_code png_reader_turn(struct png_reader *r, bool *done);

#endif
