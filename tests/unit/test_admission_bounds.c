/* test_admission_bounds.c - what admission takes exactly at its bounds, and refuses beyond them. */
#include <string.h>

#include "server/work/admission.h"
#include "tests/lib/harness.h"

START_TEST(a_request_at_its_bounds_is_taken)
{
    const struct need n = {.file_bytes = 1000, .work_bytes = 9000};
    struct request_bounds at = {.memory = 10000, .work_timeout_s = 30, .least_s = 30};
    ck_assert_int_eq(admission_bound(&n, &at, NULL), ERR_OK);
    at.least_s = 30.001;
    ck_assert_int_eq(admission_bound(&n, &at, NULL), ERR_TOO_MUCH_WORK);
    at.memory = 9999;
    ck_assert_int_eq(admission_bound(&n, &at, NULL), ERR_TOO_MUCH_MEMORY);
}
END_TEST

/* Small steps up to 64 KiB, large ones above; twice the bytes if the buffer is copied. */
START_TEST(a_body_is_charged_in_steps)
{
    static const struct {
        size_t length;
        bool moves;
        int64_t charged;
    } rows[] = {{1, false, 4096},        {4096, false, 4096},    {4097, false, 8192},
                {65536, false, 65536},   {65537, false, 131072}, {131072, false, 131072},
                {131073, false, 196608}, {1, true, 4096},        {2049, true, 8192},
                {32768, true, 65536},    {32769, true, 131072}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct budget b;
        budget_init(&b, 1 << 20);
        struct body_memory body = {.budget = &b, .max_body = 1 << 20, .moves = rows[i].moves};
        ck_assert_int_eq(admission_take(&body, rows[i].length, NULL), ERR_OK);
        ck_assert_int_eq(body.charged, rows[i].charged);
        ck_assert_int_eq(budget_free(&b), (1 << 20) - rows[i].charged);
        ck_assert(admission_give(&body) && !admission_give(&body));
        ck_assert_int_eq(budget_free(&b), 1 << 20);
    }
}
END_TEST

START_TEST(the_queue_is_full_or_slow_beyond_its_bounds)
{
    struct err e = ERR_INIT;
    struct queue_state q = {.drivers = 3,
                            .running = 1,
                            .places = 4,
                            .waiting = 5,
                            .timeout_ms = 12000,
                            .wait_ms = 12000,
                            .retry_s = 7};
    ck_assert_int_eq(admission_queue(&q, &e), ERR_OK); /* two of the five will run at once */
    q.wait_ms = 45678;
    ck_assert_int_eq(admission_queue(&q, &e), ERR_BUSY);
    ck_assert_msg(strstr(e.text, "would wait about 46 s; the limit is 12 s (--queue-timeout)"),
                  "%s", e.text);
    ck_assert_str_eq(e.option, "queue-timeout");
    ck_assert_uint_eq(e.limit, 12);
    q.waiting = 6;
    e = (struct err)ERR_INIT;
    ck_assert_int_eq(admission_queue(&q, &e), ERR_BUSY);
    ck_assert_msg(strstr(e.text, "the queue is full: 7 requests"), "%s", e.text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("admission_bounds");
    TCase *c = tcase_create("admission_bounds");
    tcase_add_test(c, a_request_at_its_bounds_is_taken);
    tcase_add_test(c, a_body_is_charged_in_steps);
    tcase_add_test(c, the_queue_is_full_or_slow_beyond_its_bounds);
    suite_add_tcase(s, c);
    return harness_run(s);
}
