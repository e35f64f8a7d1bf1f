/* png_unfilter.h - recovers rows of a PNG from their filtered form (specification, 9.2).
 *
 * Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_UNFILTER_H
#define UPSCALED_PNG_PNG_UNFILTER_H

#include <stddef.h>
#include <stdint.h>

enum { PNG_UNFILTER_OVER = 8 }; /* bytes that may be read after a filtered row and the row above */

/* Undoes filter `filter` (0..4) of `count` bytes, with `step` (1, 2, 3, 4, 6 or 8) bytes per pixel.
 * `above` is the row before in the same form, or zeros at the top. None may overlap `out`. */
void png_unfilter_row(int filter, const uint8_t *restrict filtered, const uint8_t *restrict above,
                      size_t count, size_t step, uint8_t *restrict out);

/* Unfilters two rows, one below the other, that both have the filter Paeth. This is faster than one
 * by one. */
void png_unfilter_paeths(const uint8_t *restrict filtered, const uint8_t *restrict second,
                         const uint8_t *restrict above, size_t count, size_t step,
                         uint8_t *restrict out, uint8_t *restrict out2);

#endif
