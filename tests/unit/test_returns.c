/* test_returns.c - clients that come back at the time that they were told are served. */
#include "server/work/returns.h"

#include <math.h>
#include <stdio.h>

#include "tests/lib/harness.h"

START_TEST(the_first_is_told_the_backlog_and_others_later_times)
{
    struct returns r = {0};
    ck_assert_uint_eq(returns_seconds(&r, 5000, 0), 1);
    ck_assert_uint_eq(returns_seconds(&r, 5000, 2001), 3);
    returns_promise(&r, 5000, 2001, 1000); /* nothing was offered: the workers are free for it */
    ck_assert_uint_eq(returns_seconds(&r, 5000, 2001), 4);
    returns_promise(&r, 5000, 2001, 1000);
    ck_assert_uint_eq(returns_seconds(&r, 5000, 0), 5);
    ck_assert_uint_eq(returns_seconds(&r, 6000, 0), 4);
    ck_assert_uint_eq(returns_seconds(&r, 6000, 30000), 30); /* the backlog is longer */
}
END_TEST

START_TEST(the_load_of_others_makes_times_longer)
{
    struct returns r = {0};
    for (int ms = 0; ms < 60000; ms += 100)
        returns_offer(&r, ms, 75); /* three quarters of the time */
    for (int i = 0; i < 10; i++)
        returns_promise(&r, 60000, 0, 1000);
    unsigned told = returns_seconds(&r, 60000, 0);
    ck_assert_msg(told >= 36 && told <= 44, "%u s for ten seconds of work", told);
    /* ten minutes later nobody has offered anything */
    returns_promise(&r, 660000, 0, 1000);
    ck_assert_uint_eq(returns_seconds(&r, 660000, 0), 1);
}
END_TEST

START_TEST(work_that_is_not_known_is_the_average)
{
    struct returns r = {0};
    returns_promise(&r, 0, 0, 0);
    ck_assert_uint_eq(returns_seconds(&r, 0, 0), 1);
    returns_offer(&r, 0, 3000);
    returns_offer(&r, 300000, 0); /* a tenth of the load of ten such requests */
    returns_promise(&r, 300000, 0, 0);
    ck_assert_uint_eq(returns_seconds(&r, 300000, 0), 4); /* 3 s, in nine tenths of the time */
    returns_offer(&r, 300000, 1000);
    ck_assert(r.work_ms > 2799 && r.work_ms < 2801);
}
END_TEST

START_TEST(nobody_is_sent_away_for_more_than_ten_minutes)
{
    struct returns slow = {0}, crowded = {0};
    for (int i = 0; i < 5000; i++) {
        returns_offer(&slow, i, 1e6);
        returns_promise(&slow, i, 1e9, 1e6);
        returns_offer(&crowded, i, 1000);
        returns_promise(&crowded, i, 3000, 1000);
    }
    ck_assert_uint_eq(returns_seconds(&slow, 5000, 1e9), 600);
    ck_assert_uint_eq(returns_seconds(&slow, 5000 + 3600000, 0), 1);
    /* two minutes after the backlog, however many others were promised a time */
    ck_assert_uint_eq(returns_seconds(&crowded, 4999, 3000), 123);
}
END_TEST

/* A queue of one worker in a burst of requests that begins after a minute. */
enum { PLACES = 64, TIMEOUT_MS = 30000, CLIENTS = 100000, BURST_FROM = 60000, END_MS = 400000 };

/* A load and a burst, in parts of what the worker can do, and how many of a hundred clients that
 * come back must be served. Nobody who only sees the load so far can know it of the next minutes:
 * of bursts of which less is refused than the promised times hold (8 s of work), 94 to 97 are served;
 * of the larger last two, the rest comes back at the same time. */
static const struct day {
    double usual, burst;
    int burst_ms, work_ms, least;
} days[] = {
    {0.6, 2, 5000, 17, 90},    {0.6, 2, 8000, 17, 90},  {0.8, 2, 8000, 17, 90},
    {0.9, 1.5, 10000, 17, 90}, {0.5, 3, 4000, 17, 90},  {0.6, 2, 60000, 1000, 90},
    {0.6, 2, 90000, 5000, 60}, {0.5, 5, 10000, 17, 30},
};

struct comer {
    double at;
    bool again;
};

struct crowd {
    struct comer comers[CLIENTS]; /* in order of time */
    int count;
};

static void come(struct crowd *c, double at, bool again)
{
    int k = c->count++;
    ck_assert_int_lt(c->count, CLIENTS);
    for (; k > 0 && c->comers[k - 1].at > at; k--)
        c->comers[k] = c->comers[k - 1];
    c->comers[k] = (struct comer){at, again};
}

static void fill(struct crowd *c, const struct day *day)
{
    uint64_t seed = 7;
    c->count = 0;
    for (double at = 0; at < END_MS;) {
        bool burst = at >= BURST_FROM && at < BURST_FROM + day->burst_ms;
        double chance = (double)(harness_random(&seed) % 100000 + 1) / 100001;
        at -= log(chance) * day->work_ms / (burst ? day->burst : day->usual);
        come(c, at, false);
    }
}

/* Returns how many of a hundred clients are served when they come back. If they are not told times
 * of their own, all are told when the queue will be done. */
static double served_again(const struct day *day, bool own_times)
{
    static struct crowd crowd;
    struct returns r = {0};
    double free_at = 0, most = fmin(PLACES * day->work_ms, TIMEOUT_MS);
    int back = 0, served = 0;
    fill(&crowd, day);
    for (int k = 0; k < crowd.count; k++) {
        const struct comer c = crowd.comers[k];
        double backlog = fmax(0, free_at - c.at);
        bool admitted = backlog < most;
        returns_offer(&r, (int64_t)c.at, day->work_ms);
        back += c.again;
        served += c.again && admitted;
        if (admitted) {
            free_at = fmax(free_at, c.at) + day->work_ms;
        } else if (!c.again) {
            double s = own_times ? returns_seconds(&r, (int64_t)c.at, backlog)
                                 : fmax(1, ceil(backlog / 1000));
            returns_promise(&r, (int64_t)c.at, backlog, day->work_ms);
            come(&crowd, c.at + 1000 * s, true);
        }
    }
    ck_assert_int_gt(back, 0);
    return 100.0 * served / back;
}

START_TEST(who_comes_back_then_is_served)
{
    const struct day *day = &days[_i];
    double all = served_again(day, false), own = served_again(day, true);
    printf("# %.2f, %.2f for %d ms, work of %d ms: %.0f with times of their own, %.0f without\n",
           day->usual, day->burst, day->burst_ms, day->work_ms, own, all);
    ck_assert_msg(own >= day->least && own > all, "%.0f with times of their own, %.0f without", own,
                  all);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("returns");
    TCase *c = tcase_create("returns");
    tcase_add_test(c, the_first_is_told_the_backlog_and_others_later_times);
    tcase_add_test(c, the_load_of_others_makes_times_longer);
    tcase_add_test(c, work_that_is_not_known_is_the_average);
    tcase_add_test(c, nobody_is_sent_away_for_more_than_ten_minutes);
    tcase_add_loop_test(c, who_comes_back_then_is_served, 0, sizeof days / sizeof *days);
    suite_add_tcase(s, c);
    return harness_run(s);
}
