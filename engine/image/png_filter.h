/* png_filter.h - PNG's row filters, for writing. PNG specification, 9.2. Threads: pure functions.
 */
#ifndef UPSCALED_IMAGE_PNG_FILTER_H
#define UPSCALED_IMAGE_PNG_FILTER_H

#include <stddef.h>
#include <stdint.h>

enum png_filter { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_AVERAGE, FILTER_PAETH };

/* Filters one row of `count` bytes, `step` bytes a pixel, into out[0..count]: the filter's number,
 * then the residues. `above` is the row before, all zeros at the top. out must not overlap. */
void png_filter_row(enum png_filter filter, const uint8_t *restrict row,
                    const uint8_t *restrict above, size_t count, size_t step,
                    uint8_t *restrict out);

#endif
