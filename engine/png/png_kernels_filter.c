/* png_kernels_filter.c - the row filters; see png_kernels.h. Compiled for each set.
 *
 * An encoder has the raw neighbours of every byte. So no byte waits for the one before, as it does
 * in a decoder, and the compiler vectorises plain loops over bytes. */
#include "engine/png/png_kernels_set.h"

static void sub(const uint8_t *restrict row, size_t count, size_t step, uint8_t *restrict out)
{
    memcpy(out, row, count < step ? count : step);
    for (size_t i = step; i < count; i++)
        out[i] = (uint8_t)(row[i] - row[i - step]);
}

static void up(const uint8_t *restrict row, const uint8_t *restrict above, size_t count,
               uint8_t *restrict out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)(row[i] - above[i]);
}

static void average(const uint8_t *restrict row, const uint8_t *restrict above, size_t count,
                    size_t step, uint8_t *restrict out)
{
    for (size_t i = 0; i < step && i < count; i++)
        out[i] = (uint8_t)(row[i] - above[i] / 2);
    for (size_t i = step; i < count; i++)
        out[i] = (uint8_t)(row[i] - (row[i - step] + above[i]) / 2);
}

static inline uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

static inline uint8_t apart(uint8_t a, uint8_t b)
{
    return (uint8_t)(a > b ? a - b : b - a);
}

/* Returns the neighbour nearest to a + b - c; of equally near ones the first of a, b, c. The
 * computation is in bytes. The distances are |b - c|, |a - c| and |(b - c) + (a - c)|. If the two
 * differences have the same sign, the last distance is no less than either, so c is not the
 * nearest. Otherwise it is the difference of the first two distances. */
static inline uint8_t paeth_of(uint8_t a, uint8_t b, uint8_t c)
{
    uint8_t pa = apart(b, c), pb = apart(a, c), nearer = least(pa, pb);
    uint8_t between = (uint8_t)((b >= c) ^ (a >= c)); /* c lies between a and b */
    uint8_t pc = between ? apart(pa, pb) : 255;
    uint8_t best = pb < pa ? b : a;
    return pc < nearer ? c : best;
}

static void paeth(const uint8_t *restrict row, const uint8_t *restrict above, size_t count,
                  size_t step, uint8_t *restrict out)
{
    up(row, above, count < step ? count : step, out);
    for (size_t i = step; i < count; i++)
        out[i] = (uint8_t)(row[i] - paeth_of(row[i - step], above[i], above[i - step]));
}

void png_kernels_filter(enum png_filter filter, const struct png_filter_row *r,
                        uint8_t *restrict out)
{
    const uint8_t *restrict row = r->row, *restrict above = r->above;
    size_t count = r->count, step = r->step;
    *out++ = (uint8_t)filter;
    switch (filter) {
    case FILTER_NONE:
        memcpy(out, row, count);
        break;
    case FILTER_SUB:
        sub(row, count, step, out);
        break;
    case FILTER_UP:
        up(row, above, count, out);
        break;
    case FILTER_AVERAGE:
        average(row, above, count, step, out);
        break;
    case FILTER_PAETH:
        paeth(row, above, count, step, out);
        break;
    case FILTER_EACH: /* are not the filter of one row */
    case FILTER_SUMS:
        break;
    }
}
