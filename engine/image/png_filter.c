/* png_filter.c - see png_filter.h. Writing has the raw neighbours at hand, so unlike reading no
 * byte waits for the one before, and plain loops vectorise. */
#include "engine/image/png_filter.h"

#include <string.h>

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

/* The neighbour nearest to a + b - c; of equals the first of a, b, c. */
static inline int16_t paeth_of(int16_t a, int16_t b, int16_t c)
{
    int16_t pa = (int16_t)(b - c), pb = (int16_t)(a - c), pc = (int16_t)(pa + pb);
    pa = (int16_t)(pa < 0 ? -pa : pa);
    pb = (int16_t)(pb < 0 ? -pb : pb);
    pc = (int16_t)(pc < 0 ? -pc : pc);
    int16_t best = pb <= pc ? b : c;
    return pa <= pb && pa <= pc ? a : best;
}

static void paeth(const uint8_t *restrict row, const uint8_t *restrict above, size_t count,
                  size_t step, uint8_t *restrict out)
{
    up(row, above, count < step ? count : step, out);
    for (size_t i = step; i < count; i++)
        out[i] = (uint8_t)(row[i] - paeth_of(row[i - step], above[i], above[i - step]));
}

void png_filter_row(enum png_filter filter, const uint8_t *restrict row,
                    const uint8_t *restrict above, size_t count, size_t step, uint8_t *restrict out)
{
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
    }
}
