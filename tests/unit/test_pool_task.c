/* test_pool_task.c - requests that run as a whole on one worker. */
#include <pthread.h>
#include <string.h>

#include "engine/base/pool.h"
#include "tests/lib/harness.h"

static struct pool *new_pool(int threads)
{
    struct pool *p = NULL;
    ck_assert_int_eq(pool_new(threads, &p, NULL), ERR_OK);
    return p;
}

static struct pool *new_share(struct pool *p, double expected_ns)
{
    struct pool *share = NULL;
    const struct pool_claim claim = {expected_ns, 1};
    ck_assert_int_eq(pool_share(p, &claim, &share, NULL), ERR_OK);
    return share;
}

/* What the steps of a request saw. */
struct seen {
    pthread_t caller, worker;
    int at;
    size_t bytes; /* bytes of scratch that it may write */
    bool elsewhere, out_of_order, on_caller;
    atomic_bool cancel;
    int cancel_at; /* the piece that cancels, or -1 */
    enum err_code rc;
    int threads;
};

static void look_piece(void *arg, int i, void *scratch)
{
    struct seen *s = arg;
    if (!pthread_equal(pthread_self(), s->worker))
        s->elsewhere = true;
    if (i != s->at++)
        s->out_of_order = true;
    memset(scratch, i, s->bytes); /* a sanitizer reports an access that is wrong */
    if (i == s->cancel_at)
        atomic_store(&s->cancel, true);
}

/* Runs two steps, of which the second needs more scratch. */
static void look(void *arg, struct pool *alone)
{
    struct seen *s = arg;
    s->worker = pthread_self();
    s->on_caller = pthread_equal(s->worker, s->caller);
    s->threads = pool_threads(alone);
    for (int step = 0; step < 2 && s->rc == ERR_OK; step++) {
        s->at = 0;
        s->bytes += 10000;
        ck_assert_int_eq(pool_reserve(alone, s->bytes, NULL), ERR_OK);
        s->rc = pool_run(alone, 40, &(struct pool_pieces){look_piece, s, &s->cancel}, NULL);
    }
}

START_TEST(all_steps_are_done_on_the_spot)
{
    struct pool *p = new_pool(4), *share = new_share(p, 1);
    struct seen s = {.caller = pthread_self(), .cancel_at = -1};
    ck_assert_int_eq(pool_run_task(share, look, &s, &s.cancel, NULL), ERR_OK);
    ck_assert_int_eq(s.rc, ERR_OK);
    ck_assert_int_eq(s.at, 40);
    ck_assert_int_eq(s.threads, 1);
    ck_assert(!s.elsewhere && !s.out_of_order && !s.on_caller);
    ck_assert(pool_used_ns(share) > 0);
    ck_assert(pool_used_ns(p) == 0);
    pool_free(share);
    pool_free(p);
}
END_TEST

START_TEST(cancel_ends_it_at_the_next_piece)
{
    struct pool *p = new_pool(2), *share = new_share(p, 1);
    struct seen s = {.cancel_at = 7};
    ck_assert_int_eq(pool_run_task(share, look, &s, &s.cancel, NULL), ERR_OK);
    ck_assert_int_eq(s.rc, ERR_CANCELLED);
    ck_assert_int_eq(s.at, 8);
    s = (struct seen){.cancel = true, .cancel_at = -1};
    ck_assert_int_eq(pool_run_task(share, look, &s, &s.cancel, NULL), ERR_CANCELLED);
    ck_assert_int_eq(s.threads, 0); /* the task never began */
    pool_free(share);
    pool_free(p);
}
END_TEST

START_TEST(short_requests_are_tasks)
{
    struct pool *p = new_pool(2);
    struct pool *unknown = new_share(p, 0);
    ck_assert(!pool_prefers_task(unknown));
    ck_assert(!pool_prefers_task(p));
    pool_free(unknown);
    static const struct {
        double expected_ns;
        bool alone, beside; /* whether there is another request */
    } rows[] = {
        {1, true, true},    {1e6, true, true},     {2e6, false, true},
        {1e7, false, true}, {1.1e7, false, false}, {1e12, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *share = new_share(p, rows[i].expected_ns);
        ck_assert_int_eq(pool_prefers_task(share), rows[i].alone);
        struct pool *other = new_share(p, 1e12);
        ck_assert_int_eq(pool_prefers_task(share), rows[i].beside);
        pool_free(other);
        ck_assert_int_eq(pool_prefers_task(share), rows[i].alone);
        pool_free(share);
    }
    pool_free(p);
}
END_TEST

static void *send_tasks(void *arg)
{
    struct pool *p = arg;
    for (int i = 0; i < 100; i++) {
        struct pool *share = new_share(p, 1);
        struct seen s = {.cancel_at = i % 3 == 0 ? i % 40 : -1};
        ck_assert_int_eq(pool_run_task(share, look, &s, &s.cancel, NULL), ERR_OK);
        ck_assert_int_eq(s.rc, i % 3 == 0 ? ERR_CANCELLED : ERR_OK);
        ck_assert(!s.elsewhere && !s.out_of_order);
        pool_free(share);
    }
    return NULL;
}

struct counted {
    atomic_int count;
};

static void count_piece(void *arg, int i, void *scratch)
{
    struct counted *c = arg;
    (void)i;
    (void)scratch;
    atomic_fetch_add(&c->count, 1);
}

START_TEST(tasks_and_runs_share_the_workers)
{
    enum { CALLERS = 8 };
    struct pool *p = new_pool(3);
    pthread_t thread[CALLERS];
    for (int k = 0; k < CALLERS; k++)
        pthread_create(&thread[k], NULL, send_tasks, p);
    for (int round = 0; round < 50; round++) {
        struct counted c = {0};
        ck_assert_int_eq(pool_run(p, 30, &(struct pool_pieces){count_piece, &c, NULL}, NULL),
                         ERR_OK);
        ck_assert_int_eq(c.count, 30);
    }
    for (int k = 0; k < CALLERS; k++)
        pthread_join(thread[k], NULL);
    pool_free(p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pool_task");
    TCase *c = tcase_create("pool_task");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, all_steps_are_done_on_the_spot);
    tcase_add_test(c, cancel_ends_it_at_the_next_piece);
    tcase_add_test(c, short_requests_are_tasks);
    tcase_add_test(c, tasks_and_runs_share_the_workers);
    suite_add_tcase(s, c);
    return harness_run(s);
}
