/* png_each.c - see png_each.h.
 *
 * The measure of a filter is the entropy of the residues. For short rows, and where most residues
 * are zero and matches count more than codes, it is the sum of their sizes, as in libpng. Entropy is
 * computed in integers, so that all machines agree. */
#include "engine/png/png_each.h"

#include <string.h>

enum { UNIT = 256 }; /* parts of a bit */

/* Returns n * log2(n) in parts of a bit. The logarithm is linear between powers of two, and so at
 * most 9 % of a bit too small. */
static uint64_t n_log_n(uint64_t n)
{
    unsigned whole = 63U - (unsigned)__builtin_clzll(n | 1);
    return n * UNIT * whole + (n * UNIT * (n - ((uint64_t)1 << whole)) >> whole);
}

uint64_t png_each_entropy(const struct deflate_tally *t, uint64_t count)
{
    uint64_t known = 0, all = n_log_n(count);
    for (int v = 0; v < 256; v++)
        known += n_log_n(t->literals[v]);
    return all > known ? (all - known) / UNIT : 0;
}

static uint64_t entropy(const struct png_strip_work *w, const uint8_t *bytes)
{
    struct deflate_tally t;
    struct deflate_sequence s = {bytes, w->count, NULL, 0};
    memset(t.literals, 0, sizeof t.literals);
    w->kernels->tally(&s, &t);
    return png_each_entropy(&t, w->count);
}

static uint64_t sizes(const uint8_t *bytes, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += bytes[i] < 128 ? bytes[i] : 256U - bytes[i];
    return sum;
}

void png_each_filter(const struct png_strip_work *w, enum png_filter by, const uint8_t *row,
                     const uint8_t *above, uint8_t *out)
{
    bool sums = by == FILTER_SUMS || w->count < PNG_EACH_LEAST;
    uint64_t least = UINT64_MAX;
    const struct png_filter_row r = {row, above, w->count, w->step};
    for (int filter = FILTER_PAETH; filter >= FILTER_NONE; filter--) {
        w->kernels->filter((enum png_filter)filter, &r, w->trial);
        uint64_t cost = sums ? sizes(w->trial + 1, w->count) : entropy(w, w->trial + 1);
        if (cost >= least)
            continue;
        least = cost;
        memcpy(out, w->trial, w->count + 1);
    }
}
