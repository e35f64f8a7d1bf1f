/* png_each.h - a filter for each row. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_EACH_H
#define UPSCALED_PNG_PNG_EACH_H

#include "engine/png/png_strip_work.h"

/* Shorter rows have no distribution of their own. */
enum { PNG_EACH_LEAST = 256 };

/* The entropy of `count` bytes, in bits, by their tally. */
uint64_t png_each_entropy(const struct deflate_tally *t, uint64_t count);

/* Filters the row into out[0..count] by the filter whose residues have the least entropy. The row
 * and the one above alone determine it, so that rows that repeat are filtered alike. Overwrites
 * w->trial. */
void png_each_filter(const struct png_strip_work *w, const uint8_t *row, const uint8_t *above,
                     uint8_t *out);

#endif
