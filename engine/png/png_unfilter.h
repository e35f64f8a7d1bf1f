/* png_unfilter.h - recovers rows of a PNG from their filtered form (specification, 9.2).
 *
 * Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_UNFILTER_H
#define UPSCALED_PNG_PNG_UNFILTER_H

#include "engine/png/png_filter.h"

enum { PNG_UNFILTER_OVER = 8 }; /* bytes that may be read after a filtered row and the row above */

/* Undoes filter `filter` (0..4) of the filtered row r->row, whose pixels have 1, 2, 3, 4, 6 or 8
 * bytes. Neither row of `r` may overlap `out`. */
void png_unfilter_row(int filter, const struct png_filter_row *r, uint8_t *restrict out);

/* Unfilters two rows that both have the filter Paeth: the one of `r`, and below it `second`. This is
 * faster than one by one. */
void png_unfilter_paeths(const struct png_filter_row *r, const uint8_t *restrict second,
                         uint8_t *restrict out, uint8_t *restrict out2);

#endif
