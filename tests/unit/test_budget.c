/* test_budget.c - the memory budget: what fits, what does not, and that no byte is lost. */
#include <pthread.h>
#include <stdatomic.h>

#include "server/work/budget.h"
#include "tests/lib/harness.h"

static struct budget b;

static void begin(void)
{
    budget_init(&b, 1000);
}

static void end(void)
{
    budget_done(&b);
}

START_TEST(takes_up_to_the_limit)
{
    int64_t used[BUDGET_USES];
    ck_assert(budget_take(&b, BUDGET_WORK, 600));
    ck_assert(!budget_take(&b, BUDGET_REPLIES, 401));
    ck_assert(budget_take(&b, BUDGET_REPLIES, 400));
    ck_assert(!budget_take(&b, BUDGET_WORK, 1));
    ck_assert(budget_take(&b, BUDGET_WORK, 0));
    budget_give(&b, BUDGET_WORK, 600);
    ck_assert_int_eq(budget_look(&b, used), 400);
    ck_assert_int_eq(used[BUDGET_REPLIES], 400);
    ck_assert_int_eq(used[BUDGET_WORK], 0);
}
END_TEST

START_TEST(bodies_have_half)
{
    ck_assert(budget_take(&b, BUDGET_BODIES, 500));
    ck_assert(!budget_take(&b, BUDGET_BODIES, 1));
    ck_assert(budget_take(&b, BUDGET_WORK, 500));
    ck_assert_int_eq(budget_most(&b, BUDGET_BODIES), 500);
    ck_assert_int_eq(budget_most(&b, BUDGET_WORK), 1000);
}
END_TEST

START_TEST(what_is_in_use_already_leaves_less)
{
    budget_charge(&b, BUDGET_CONNECTIONS, 1200);
    ck_assert(!budget_take(&b, BUDGET_WORK, 1));
    budget_give(&b, BUDGET_CONNECTIONS, 300);
    ck_assert(budget_take(&b, BUDGET_WORK, 100));
    ck_assert(!budget_take(&b, BUDGET_WORK, 1));
}
END_TEST

START_TEST(what_only_grows_leaves_less_for_good)
{
    budget_grow(&b, BUDGET_SCRATCH, 200);
    budget_grow(&b, BUDGET_SCRATCH, 100);
    ck_assert_int_eq(budget_most(&b, BUDGET_WORK), 800);
    ck_assert_int_eq(budget_most(&b, BUDGET_BODIES), 400);
    ck_assert(!budget_take(&b, BUDGET_WORK, 801));
    ck_assert(!budget_take(&b, BUDGET_BODIES, 401));
    ck_assert(budget_take(&b, BUDGET_WORK, 800));
}
END_TEST

START_TEST(huge_wishes_do_not_wrap)
{
    ck_assert(budget_take(&b, BUDGET_WORK, 10));
    ck_assert(!budget_take(&b, BUDGET_WORK, INT64_MAX));
    ck_assert(!budget_take(&b, BUDGET_BODIES, INT64_MAX - 5));
}
END_TEST

static void *take_and_give(void *arg)
{
    atomic_int *over = arg;
    for (int i = 0; i < 20000; i++) {
        int64_t used[BUDGET_USES];
        if (!budget_take(&b, BUDGET_WORK, 300))
            continue;
        if (budget_look(&b, used) > b.limit)
            atomic_fetch_add(over, 1);
        budget_give(&b, BUDGET_WORK, 300);
    }
    return NULL;
}

START_TEST(never_more_than_the_limit_by_many_threads)
{
    enum { THREADS = 6 };
    pthread_t thread[THREADS];
    int64_t used[BUDGET_USES];
    atomic_int over = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, take_and_give, &over);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    ck_assert_int_eq(over, 0);
    ck_assert_int_eq(budget_look(&b, used), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("budget");
    TCase *c = tcase_create("budget");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, takes_up_to_the_limit);
    tcase_add_test(c, bodies_have_half);
    tcase_add_test(c, what_is_in_use_already_leaves_less);
    tcase_add_test(c, what_only_grows_leaves_less_for_good);
    tcase_add_test(c, huge_wishes_do_not_wrap);
    tcase_add_test(c, never_more_than_the_limit_by_many_threads);
    suite_add_tcase(s, c);
    return harness_run(s);
}
