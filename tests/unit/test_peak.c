/* test_peak.c - the loop that measures the peak of a vector unit does the arithmetic that is
 * counted. */
#include <math.h>

#include "engine/nn/kernels.h"
#include "tests/lib/harness.h"

enum { SETS = 3 }; /* the sets of x86-64; the list of tests counts these */

/* Each step is s = s / 2 + 1/4 in every lane, from s = i on. The result i / 2^n + (1 - 1 / 2^n) / 2
 * is exact while n is small, and so is the sum of all lanes, in any order. */
static float expected(const struct kernels *set, int n)
{
    int lanes = (int)(set->peak_flops / 2);
    float total = 0;
    for (int i = 0; i < lanes; i++)
        total += ldexpf((float)i, -n) + 0.5f * (1 - ldexpf(1, -n));
    return total;
}

START_TEST(does_the_rounds_it_is_counted_for)
{
    const struct kernels *set = kernels_at(_i);
    for (int n = 0; n < 8; n++)
        ck_assert_msg(set->peak(n) == expected(set, n), "%s, %d rounds", set->name, n);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("peak");
    TCase *c = tcase_create("peak");
    int sets = 0;
    while (kernels_at(sets))
        sets++;
    if (sets < SETS)
        harness_left_out(SETS - sets, "does_the_rounds_it_is_counted_for",
                         "this processor has not all sets");
    tcase_add_loop_test(c, does_the_rounds_it_is_counted_for, 0, sets);
    suite_add_tcase(s, c);
    return harness_run(s);
}
