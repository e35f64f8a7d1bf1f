/* png_reader.h - PNG bytes in, pixels and metadata out.
 *
 * The file is verified whole before any pixel memory is taken: every chunk's place, length and CRC.
 * libpng then sees only the critical chunks and tRNS; metadata is kept as raw, bounded chunks and
 * never inflated. Gray stays gray, 16 bits stay 16; 1, 2, 4 bits become 8; a palette becomes RGB;
 * tRNS in its three forms becomes an alpha channel. What libpng and the browsers overlook is
 * overlooked alike: bytes behind IEND, compressed data beyond the last row, a tRNS that cannot
 * apply, palette indices without an entry (black). Threads: a reader belongs to one thread at a
 * time. */
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

/* The most memory that a reader of such a file takes, without its metadata. */
size_t png_reader_bytes(const struct png_head *h);

/* The format of the pixels that will come. */
const struct image_format *png_reader_format(const struct png_reader *r);

/* Metadata of the file; owned by the reader, its data by the file's bytes. */
const struct png_meta *png_reader_meta(const struct png_reader *r);

/* Before the first step: leaves all to libpng, however plain the file is; to compare. */
void png_reader_by_libpng(struct png_reader *r);

/* Decodes some more, about `pixels` of them (so that callers can share a thread fairly), into
 * `img`, which has the reader's format. Sets *done when the picture is complete. After an error
 * the reader can only be freed. ERR_PNG_ZLIB, ERR_PNG_TRUNCATED, ERR_PNG_CHUNK, ERR_MEMORY. */
enum err_code png_reader_step(struct png_reader *r, struct image *img, size_t pixels, bool *done,
                              struct err *e);

/* The same in parts, for callers with threads: as many halves as this says, 1 or 2, side by side,
 * each with the arguments of png_reader_step; and when they have run, png_reader_turn. */
int png_reader_halves(const struct png_reader *r);
void png_reader_half(struct png_reader *r, int half, struct image *img, size_t pixels,
                     struct err *e);
enum err_code png_reader_turn(struct png_reader *r, bool *done);

#endif
