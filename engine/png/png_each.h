/* png_each.h - chooses a filter for each row. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_EACH_H
#define UPSCALED_PNG_PNG_EACH_H

#include "engine/png/png_strip_work.h"

/* For shorter rows, the entropy of their bytes says little. */
enum { PNG_EACH_LEAST = 256 };

/* Returns the entropy in bits of `count` bytes with this tally. */
uint64_t png_each_entropy(const struct deflate_tally *t, uint64_t count);

/* Filters the row into out[0..count] by the filter whose residues have the least entropy
 * (FILTER_EACH) or the least sum of sizes (FILTER_SUMS). The choice depends only on the row and the
 * one above, so equal rows are filtered equally. Overwrites w->trial. */
void png_each_filter(const struct png_strip_work *w, enum png_filter by, const uint8_t *row,
                     const uint8_t *above, uint8_t *out);

#endif
