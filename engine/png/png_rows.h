/* png_rows.h - decodes the pixels of plain PNGs faster than libpng: files that are not interlaced,
 * with 8 or 16 bits per sample or a palette of 8 bits, and without a transparent colour.
 *
 * The pixels equal libpng's to the bit. Anything unexpected ends in ROWS_REFUSED. The caller then
 * lets libpng decide what is wrong, if anything is. Decoding goes by turns. The three parts of a
 * turn may run in parallel: one inflates a batch of filtered rows, one unfilters the batch before,
 * and one touches the memory of the rows that come next. Memory does not grow with the height of
 * the picture.
 *
 * Threads: the parts of a turn may run on any threads, everything else on one at a time. */
#ifndef UPSCALED_PNG_PNG_ROWS_H
#define UPSCALED_PNG_PNG_ROWS_H

#include "engine/image/image.h"
#include "engine/png/png_walk.h"

struct png_rows;

/* Whether the file is plain in this sense. */
bool png_rows_fit(const struct png_walk *walk);

/* Prepares to decode. `bytes` are borrowed, and must be verified as `walk` says. On ERR_OK the
 * caller owns *out (png_rows_free). ERR_MEMORY. */
enum err_code png_rows_new(const uint8_t *bytes, const struct png_walk *walk, struct png_rows **out,
                           struct err *e);
void png_rows_free(struct png_rows *r); /* NULL is fine */

/* Returns the most memory that a struct png_rows takes. */
size_t png_rows_bytes(const struct png_head *h);

/* These are the parts of a turn. The first inflates about `pixels` more pixels, at most a batch. The
 * second unfilters the batch that the turn before inflated, into `img`. The third writes to each
 * page of as many rows behind them: the system gives memory at the first write, which takes it
 * a third of the time of unfiltering. */
void png_rows_inflate(struct png_rows *r, size_t pixels);
void png_rows_unfilter(struct png_rows *r, struct image *img);
void png_rows_touch(const struct png_rows *r, size_t pixels, struct image *img);

enum png_rows_result { ROWS_MORE, ROWS_DONE, ROWS_REFUSED };

/* Whether an index has no colour in the palette, once all rows are unfiltered. */
bool png_rows_missing(const struct png_rows *r);

/* Ends a turn, after all parts have run. After ROWS_REFUSED, `r` can only be freed. */
enum png_rows_result png_rows_turn(struct png_rows *r);

#endif
