/* test_peak.c - the loops that find a machine's peak do the arithmetic that they are counted for.
 */
#include "engine/nn/peak.h"

#include <math.h>

#include "tests/lib/harness.h"

static const char *const names[] = {"c", "avx2", "avx512", "neon"};

/* s = s / 2 + 1/4, from s = i on: i / 2^n + (1 - 1 / 2^n) / 2, exact while n is small. */
static float expected(const struct peak_loop *loop, float lanes, int n)
{
    float sums = (float)loop->flops / 2 / lanes, total = 0;
    for (int i = 0; i < (int)sums; i++)
        total += ldexpf((float)i, -n) + 0.5f * (1 - ldexpf(1, -n));
    return total;
}

START_TEST(does_the_rounds_it_is_counted_for)
{
    static const float lanes[] = {4, 8, 16, 4};
    const struct peak_loop *loop = peak_find(names[_i]);
    for (int n = 0; loop && n < 8; n++)
        ck_assert_msg(loop->run(n) == expected(loop, lanes[_i], n), "%s, %d rounds", names[_i], n);
}
END_TEST

START_TEST(the_best_is_one_of_them)
{
    const struct peak_loop *best = peak_find(NULL);
    ck_assert_ptr_nonnull(best);
    ck_assert_ptr_eq(peak_find(best->name), best);
    ck_assert_ptr_nonnull(peak_find("c"));
    ck_assert_ptr_null(peak_find("abacus"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("peak");
    TCase *c = tcase_create("peak");
    tcase_add_loop_test(c, does_the_rounds_it_is_counted_for, 0, sizeof names / sizeof *names);
    tcase_add_test(c, the_best_is_one_of_them);
    suite_add_tcase(s, c);
    return harness_run(s);
}
