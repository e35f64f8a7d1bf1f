/* test_jobs.c - the limits and deadlines of the queue; every job ends exactly once. test_turns.c
 * tests the order. */
#include <pthread.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/job_probe.h"

START_TEST(refuses_past_the_queue)
{
    struct jobs *j = new_jobs(1, 2);
    struct probe busy, waiting[3];
    struct err e = ERR_INIT;
    probe_start(j, &busy);
    for (int i = 0; i < 3; i++)
        probe_init(&waiting[i]);
    ck_assert_int_eq(jobs_submit(j, &waiting[0].job, 0, &e), ERR_OK);
    ck_assert_int_eq(jobs_would_admit(j, 0, &e), ERR_OK);
    ck_assert_int_eq(jobs_submit(j, &waiting[1].job, 0, &e), ERR_OK);
    ck_assert_int_eq(jobs_would_admit(j, 0, NULL), ERR_BUSY);
    ck_assert_int_eq(jobs_admit_upload(j, 0, &e), ERR_BUSY);
    ck_assert_uint_eq(e.retry_s, 1);
    ck_assert_int_eq(jobs_submit(j, &waiting[2].job, 0, &e), ERR_BUSY);
    ck_assert_str_eq(e.option, "queue");
    ck_assert_int_eq(waiting[2].admitted, 0);
    int running, queued;
    jobs_count(j, &running, &queued);
    ck_assert_int_eq(running, 1);
    ck_assert_int_eq(queued, 2);
    sem_post(&waiting[0].go);
    sem_post(&waiting[1].go);
    sem_post(&busy.go);
    sem_wait(&waiting[1].ended);
    jobs_free(j);
    ck_assert_int_eq(waiting[0].ran + waiting[1].ran, 2);
}
END_TEST

START_TEST(takes_one_with_no_queue_when_idle)
{
    struct jobs *j = new_jobs(1, 0);
    struct probe p, second;
    probe_start(j, &p);
    probe_init(&second);
    ck_assert_int_eq(jobs_submit(j, &second.job, 0, NULL), ERR_BUSY);
    probe_finish(j, &p);
}
END_TEST

START_TEST(runs_in_order_of_arrival)
{
    enum { N = 8 };
    struct jobs *j = new_jobs(1, N);
    struct probe busy, p[N];
    atomic_int rank = 0;
    probe_start(j, &busy);
    for (int i = 0; i < N; i++) {
        probe_init(&p[i]);
        p[i].rank = &rank;
        sem_post(&p[i].go);
        ck_assert_int_eq(jobs_submit(j, &p[i].job, i, NULL), ERR_OK);
    }
    sem_post(&busy.go);
    sem_wait(&p[N - 1].ended);
    jobs_free(j);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(p[i].began, i);
}
END_TEST

START_TEST(drops_what_waited_too_long)
{
    struct jobs *j = new_jobs(1, 4);
    struct probe busy, early, late;
    probe_start(j, &busy);
    probe_init(&early);
    probe_init(&late);
    ck_assert_int_eq(jobs_submit(j, &early.job, 100, NULL), ERR_OK);
    ck_assert_int_eq(jobs_submit(j, &late.job, 500, NULL), ERR_OK);
    jobs_tick(j, 1099);
    ck_assert_int_eq(early.dropped, 0);
    jobs_tick(j, 1100);
    ck_assert_int_eq(early.dropped, 1);
    ck_assert_int_eq(early.why, ERR_BUSY);
    ck_assert_int_eq(late.dropped, 0);
    jobs_tick(j, 1500);
    ck_assert_int_eq(late.dropped, 1);
    /* the queue still works when it is empty */
    probe_init(&early);
    sem_post(&early.go);
    ck_assert_int_eq(jobs_submit(j, &early.job, 2000, NULL), ERR_OK);
    sem_post(&busy.go);
    sem_wait(&early.ended);
    jobs_free(j);
}
END_TEST

START_TEST(drops_what_was_cancelled)
{
    struct jobs *j = new_jobs(1, 4);
    struct probe busy, p;
    probe_start(j, &busy);
    probe_init(&p);
    p.job.expected_ms = 60000;
    ck_assert_int_eq(jobs_submit(j, &p.job, 0, NULL), ERR_OK);
    atomic_store(&p.job.cancel, true);
    jobs_tick(j, 1);
    ck_assert_int_eq(p.dropped, 1);
    ck_assert_int_eq(p.why, ERR_CANCELLED);
    ck_assert_uint_eq(jobs_retry_s(j), 1); /* its client was not promised a time */
    probe_finish(j, &busy);
    ck_assert_int_eq(p.ran, 0);
}
END_TEST

START_TEST(finishes_the_admitted_once_closed)
{
    struct jobs *j = new_jobs(1, 4);
    struct probe busy, queued, refused;
    probe_start(j, &busy);
    probe_init(&queued);
    probe_init(&refused);
    ck_assert_int_eq(jobs_submit(j, &queued.job, 0, NULL), ERR_OK);
    jobs_close(j);
    ck_assert_int_eq(jobs_submit(j, &refused.job, 0, NULL), ERR_DRAINING);
    sem_post(&busy.go);
    sem_wait(&queued.started);
    probe_finish(j, &queued);
    ck_assert_int_eq(refused.admitted, 0);
}
END_TEST

static void *free_jobs(void *arg)
{
    jobs_free(arg);
    return NULL;
}

START_TEST(drops_the_waiting_when_freed)
{
    struct jobs *j = new_jobs(1, 4);
    struct probe busy, queued;
    pthread_t thread;
    probe_start(j, &busy);
    probe_init(&queued);
    ck_assert_int_eq(jobs_submit(j, &queued.job, 0, NULL), ERR_OK);
    pthread_create(&thread, NULL, free_jobs, j);
    /* once the queue refuses jobs, it was told to stop, and the driver does not take another */
    while (jobs_would_admit(j, 0, NULL) != ERR_DRAINING)
        sched_yield();
    sem_post(&busy.go);
    pthread_join(thread, NULL);
    ck_assert_int_eq(busy.ran, 1);
    ck_assert_int_eq(queued.ran, 0);
    ck_assert_int_eq(queued.dropped, 1);
    ck_assert_int_eq(queued.why, ERR_DRAINING);
}
END_TEST

START_TEST(a_driver_that_long_jobs_leave_is_no_wait)
{
    struct probe slow[4], quick;
    struct jobs *j = new_busy_with_long(slow, 2300); /* half of the running work is 2250 ms */
    struct err e = ERR_INIT;
    ck_assert_int_eq(jobs_would_admit(j, 1500, &e), ERR_BUSY);
    ck_assert_str_eq(e.option, "queue-timeout");
    probe_start(j, &quick);
    sem_post(&quick.go);
    end_long(j, slow);
    ck_assert_int_eq(quick.ran, 1);
}
END_TEST

START_TEST(cancels_what_runs_for_too_long)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 1, 300);
    struct probe p;
    probe_start(j, &p);
    jobs_tick(j, 299);
    ck_assert(!atomic_load(&p.job.cancel));
    jobs_tick(j, 300);
    ck_assert(atomic_load(&p.job.cancel));
    ck_assert(atomic_load(&p.job.timed_out));
    probe_finish(j, &p);
    budget_done(&b);
}
END_TEST

START_TEST(refuses_what_would_wait_too_long_and_says_when_to_come_back)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe slow, other;
    struct err e = ERR_INIT;
    probe_init(&slow);
    slow.job.expected_ms = 9000;
    ck_assert_int_eq(jobs_submit(j, &slow.job, 0, NULL), ERR_OK);
    sem_wait(&slow.started);
    probe_init(&other);
    ck_assert_int_eq(jobs_submit(j, &other.job, 0, &e), ERR_BUSY);
    ck_assert_str_eq(e.option, "queue-timeout");
    ck_assert_uint_eq(e.retry_s, 5);
    /* each is told a later time (returns.h), and it is counted once */
    unsigned next = jobs_retry_s(j);
    ck_assert_int_eq(jobs_would_admit(j, 9000, NULL), ERR_BUSY);
    ck_assert_uint_gt(next, 5);
    ck_assert_uint_eq(jobs_refuse_upload(j, 0), next);
    ck_assert_uint_gt(jobs_retry_s(j), next);
    probe_finish(j, &slow);
}
END_TEST

/* Drivers, a ticking thread and cancellations run at once, and each job ends exactly once. */
START_TEST(ends_each_job_once)
{
    enum { N = 400 };
    struct jobs *j = new_jobs(4, N);
    static struct probe p[N];
    for (int i = 0; i < N; i++) {
        probe_init(&p[i]);
        sem_post(&p[i].go);
        ck_assert_int_eq(jobs_submit(j, &p[i].job, 0, NULL), ERR_OK);
        if (i % 3 == 0)
            atomic_store(&p[i].job.cancel, true);
        if (i % 7 == 0)
            jobs_tick(j, 0);
    }
    jobs_free(j);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(p[i].admitted, 1);
        ck_assert_int_eq(p[i].ran + p[i].dropped, 1);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jobs");
    TCase *t = tcase_create("jobs");
    tcase_add_test(t, refuses_past_the_queue);
    tcase_add_test(t, takes_one_with_no_queue_when_idle);
    tcase_add_test(t, runs_in_order_of_arrival);
    tcase_add_test(t, drops_what_waited_too_long);
    tcase_add_test(t, drops_what_was_cancelled);
    tcase_add_test(t, finishes_the_admitted_once_closed);
    tcase_add_test(t, drops_the_waiting_when_freed);
    tcase_add_test(t, a_driver_that_long_jobs_leave_is_no_wait);
    tcase_add_test(t, cancels_what_runs_for_too_long);
    tcase_add_test(t, refuses_what_would_wait_too_long_and_says_when_to_come_back);
    tcase_add_test(t, ends_each_job_once);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
