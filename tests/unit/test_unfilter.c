/* test_unfilter.c - rows are unfiltered as by the definition. */
#include <stdlib.h>
#include <string.h>

#include "engine/png/png_filter.h"
#include "engine/png/png_unfilter.h"
#include "tests/lib/harness.h"

static int predict(int filter, int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    switch (filter) {
    case FILTER_SUB:
        return a;
    case FILTER_UP:
        return b;
    case FILTER_AVERAGE:
        return (a + b) / 2;
    case FILTER_PAETH:
        return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    default:
        return 0;
    }
}

/* Unfilters as the specification defines it, in 9.2. */
static void define(int filter, const uint8_t *filtered, const uint8_t *above, size_t count,
                   size_t step, uint8_t *out)
{
    for (size_t i = 0; i < count; i++) {
        int a = i < step ? 0 : out[i - step], c = i < step ? 0 : above[i - step];
        out[i] = (uint8_t)(filtered[i] + predict(filter, a, above[i], c));
    }
}

enum { ROW_MOST = 400 };

static void fill(uint8_t *row, size_t count, uint64_t *seed)
{
    for (size_t i = 0; i < count; i++)
        row[i] = (uint8_t)(harness_random(seed) % 3 ? harness_random(seed) : 255 * (i & 1));
}

START_TEST(rows_are_unfiltered_as_defined)
{
    static const size_t steps[] = {1, 2, 3, 4, 6, 8};
    uint64_t seed = 60 + (uint64_t)_i;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t count = steps[s]; count < ROW_MOST; count += steps[s]) {
            uint8_t in[2][ROW_MOST + PNG_UNFILTER_OVER], above[ROW_MOST + PNG_UNFILTER_OVER];
            uint8_t want[2][ROW_MOST], got[2][ROW_MOST + 1];
            fill(in[0], sizeof in, &seed);
            fill(above, sizeof above, &seed);
            memset(got, 0x5a, sizeof got);
            define(_i, in[0], above, count, steps[s], want[0]);
            const struct png_filter_row r = {in[0], above, count, steps[s]};
            png_unfilter_row(_i, &r, got[0]);
            ck_assert(memcmp(want[0], got[0], count) == 0 && got[0][count] == 0x5a);
            if (_i != FILTER_PAETH)
                continue;
            define(_i, in[1], want[0], count, steps[s], want[1]);
            memset(got, 0x5a, sizeof got);
            png_unfilter_paeths(&r, in[1], got[0], got[1]);
            ck_assert(memcmp(want[0], got[0], count) == 0 && got[0][count] == 0x5a);
            ck_assert(memcmp(want[1], got[1], count) == 0 && got[1][count] == 0x5a);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("unfilter");
    TCase *c = tcase_create("unfilter");
    tcase_add_loop_test(c, rows_are_unfiltered_as_defined, 0, 5);
    suite_add_tcase(s, c);
    return harness_run(s);
}
