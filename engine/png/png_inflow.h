/* png_inflow.h - decompresses the pixels of a file by zlib, and hands them to libpng.
 *
 * libpng gets one stored block after the other, in IDAT chunks of our own. It would decompress the
 * chunks of the file itself, but does not tell whether their zlib stream ended, with the correct
 * check sum, and whether there is more behind it. Threads: one belongs to one thread at a time. */
#ifndef UPSCALED_PNG_PNG_INFLOW_H
#define UPSCALED_PNG_PNG_INFLOW_H

#include "engine/png/png_walk.h"

struct png_inflow;

/* `bytes` are borrowed, verified as `walk` says. If `narrow`, matches reach back no further than the
 * zlib header declares. Returns NULL if there is no memory; otherwise the caller owns the result
 * (png_inflow_free). */
struct png_inflow *png_inflow_new(const uint8_t *bytes, const struct png_walk *walk, bool narrow);
void png_inflow_free(struct png_inflow *f); /* NULL is fine */

/* The most memory that one takes. */
size_t png_inflow_bytes(void);

/* Copies the next `count` bytes of the chunks. ERR_PNG_ZLIB, ERR_PNG_TRUNCATED, ERR_MEMORY; *why is
 * then zlib's word for it. */
enum err_code png_inflow_read(struct png_inflow *f, uint8_t *to, size_t count, const char **why);

/* Reads on behind the last row, about `bytes` more bytes at most, to the end of the stream, where
 * *done becomes true and the check sum is correct. The errors are those of png_inflow_read. */
enum err_code png_inflow_end(struct png_inflow *f, size_t bytes, bool *done, const char **why);

/* Whether there is more than the rows, before the end of the stream or behind it. */
bool png_inflow_more(const struct png_inflow *f);

#endif
