/* test_jobs.c - order, bounds and deadlines of the queue; each job ends exactly once. */
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

#include "server/work/jobs.h"
#include "server/work/turns.h"
#include "tests/lib/harness.h"

/* A job that holds its driver until it is let go, and tells what became of it. */
struct probe {
    struct job job; /* first: the callbacks get its address */
    sem_t started, go, ended;
    atomic_int admitted, ran, dropped;
    enum err_code why;
    int *order; /* where its rank goes */
    atomic_int *rank;
};

static void on_admitted(struct job *job)
{
    atomic_fetch_add(&((struct probe *)job)->admitted, 1);
}

static void on_run(struct job *job)
{
    struct probe *p = (struct probe *)job;
    ck_assert_int_eq(p->admitted, 1);
    atomic_fetch_add(&p->ran, 1);
    if (p->order)
        *p->order = atomic_fetch_add(p->rank, 1);
    sem_post(&p->started);
    sem_wait(&p->go);
}

static void on_done(struct job *job)
{
    struct probe *p = (struct probe *)job;
    ck_assert_int_eq(p->ran, 1);
    sem_post(&p->ended);
}

static void on_drop(struct job *job, const struct err *why)
{
    struct probe *p = (struct probe *)job;
    p->why = why->code;
    atomic_fetch_add(&p->dropped, 1);
}

static void probe_init(struct probe *p)
{
    memset(p, 0, sizeof *p);
    p->job.admitted = on_admitted;
    p->job.run = on_run;
    p->job.done = on_done;
    p->job.drop = on_drop;
    sem_init(&p->started, 0, 0);
    sem_init(&p->go, 0, 0);
    sem_init(&p->ended, 0, 0);
}

static struct jobs *new_jobs(int running, int waiting)
{
    struct jobs_config config = {.running = running, .waiting = waiting, .timeout_ms = 1000};
    struct jobs *j = NULL;
    ck_assert_int_eq(jobs_new(&config, &j, NULL), ERR_OK);
    return j;
}

/* Submits and waits until a driver has it. */
static void start(struct jobs *j, struct probe *p)
{
    probe_init(p);
    ck_assert_int_eq(jobs_submit(j, &p->job, 0, NULL), ERR_OK);
    sem_wait(&p->started);
}

static void finish(struct jobs *j, struct probe *p)
{
    sem_post(&p->go);
    sem_wait(&p->ended);
    jobs_free(j);
    ck_assert_int_eq(p->ran, 1);
    ck_assert_int_eq(p->dropped, 0);
}

START_TEST(refuses_past_the_queue)
{
    struct jobs *j = new_jobs(1, 2);
    struct probe busy, waiting[3];
    struct err e = ERR_INIT;
    start(j, &busy);
    for (int i = 0; i < 3; i++)
        probe_init(&waiting[i]);
    ck_assert_int_eq(jobs_submit(j, &waiting[0].job, 0, &e), ERR_OK);
    ck_assert_int_eq(jobs_would_admit(j, 0, &e), ERR_OK);
    ck_assert_int_eq(jobs_submit(j, &waiting[1].job, 0, &e), ERR_OK);
    ck_assert_int_eq(jobs_would_admit(j, 0, NULL), ERR_BUSY);
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
    start(j, &p);
    probe_init(&second);
    ck_assert_int_eq(jobs_submit(j, &second.job, 0, NULL), ERR_BUSY);
    finish(j, &p);
}
END_TEST

START_TEST(runs_in_order_of_arrival)
{
    enum { N = 8 };
    struct jobs *j = new_jobs(1, N);
    struct probe busy, p[N];
    int order[N];
    atomic_int rank = 0;
    start(j, &busy);
    for (int i = 0; i < N; i++) {
        probe_init(&p[i]);
        p[i].order = &order[i];
        p[i].rank = &rank;
        sem_post(&p[i].go);
        ck_assert_int_eq(jobs_submit(j, &p[i].job, i, NULL), ERR_OK);
    }
    sem_post(&busy.go);
    sem_wait(&p[N - 1].ended);
    jobs_free(j);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(order[i], i);
}
END_TEST

START_TEST(drops_what_waited_too_long)
{
    struct jobs *j = new_jobs(1, 4);
    struct probe busy, early, late;
    start(j, &busy);
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
    /* the emptied queue still works */
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
    start(j, &busy);
    probe_init(&p);
    ck_assert_int_eq(jobs_submit(j, &p.job, 0, NULL), ERR_OK);
    atomic_store(&p.job.cancel, true);
    jobs_tick(j, 1);
    ck_assert_int_eq(p.dropped, 1);
    ck_assert_int_eq(p.why, ERR_CANCELLED);
    finish(j, &busy);
    ck_assert_int_eq(p.ran, 0);
}
END_TEST

START_TEST(finishes_the_admitted_once_closed)
{
    struct jobs *j = new_jobs(1, 4);
    struct probe busy, queued, refused;
    start(j, &busy);
    probe_init(&queued);
    probe_init(&refused);
    ck_assert_int_eq(jobs_submit(j, &queued.job, 0, NULL), ERR_OK);
    jobs_close(j);
    ck_assert_int_eq(jobs_submit(j, &refused.job, 0, NULL), ERR_DRAINING);
    sem_post(&busy.go);
    sem_wait(&queued.started);
    finish(j, &queued);
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
    start(j, &busy);
    probe_init(&queued);
    ck_assert_int_eq(jobs_submit(j, &queued.job, 0, NULL), ERR_OK);
    pthread_create(&thread, NULL, free_jobs, j);
    /* once it refuses, it has been told to stop: the driver will not take another */
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

/* A job that is let go already and notes its rank. */
static void submit_ranked(struct jobs *j, struct probe *p, double expected_ms, int64_t bytes,
                          int64_t now_ms, int *order, atomic_int *rank)
{
    probe_init(p);
    p->job.expected_ms = expected_ms;
    p->job.bytes = bytes;
    p->order = order;
    p->rank = rank;
    sem_post(&p->go);
    *order = -1;
    ck_assert_int_eq(jobs_submit(j, &p->job, now_ms, NULL), ERR_OK);
}

START_TEST(the_short_go_before_the_long)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe busy, p[3];
    int order[3];
    atomic_int rank = 0;
    start(j, &busy);
    submit_ranked(j, &p[0], 900, 0, 0, &order[0], &rank);
    submit_ranked(j, &p[1], 10, 0, 0, &order[1], &rank);
    submit_ranked(j, &p[2], 100, 0, 0, &order[2], &rank);
    jobs_tick(j, 50);
    sem_post(&busy.go);
    for (int i = 0; i < 3; i++)
        sem_wait(&p[i].ended);
    jobs_free(j);
    ck_assert_int_eq(order[1], 0);
    ck_assert_int_eq(order[2], 1);
    ck_assert_int_eq(order[0], 2);
}
END_TEST

START_TEST(the_long_have_their_turn_with_age)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe busy, p[2];
    int order[2];
    atomic_int rank = 0;
    start(j, &busy);
    submit_ranked(j, &p[0], 500, 0, 0, &order[0], &rank);
    submit_ranked(j, &p[1], 10, 0, 890, &order[1], &rank);
    jobs_tick(j, 899); /* ratios (899 + 500) / 500 and (9 + 10) / 10 */
    sem_post(&busy.go);
    sem_wait(&p[0].ended);
    sem_wait(&p[1].ended);
    jobs_free(j);
    ck_assert_int_eq(order[0], 0);
}
END_TEST

START_TEST(weight_makes_a_job_as_though_shorter)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe busy, p[2];
    int order[2];
    atomic_int rank = 0;
    start(j, &busy);
    submit_ranked(j, &p[0], 100, 0, 0, &order[0], &rank);
    probe_init(&p[1]);
    p[1].job.expected_ms = 300;
    p[1].job.weight = 8;
    p[1].order = &order[1];
    p[1].rank = &rank;
    sem_post(&p[1].go);
    ck_assert_int_eq(jobs_submit(j, &p[1].job, 0, NULL), ERR_OK);
    jobs_tick(j, 20);
    sem_post(&busy.go);
    sem_wait(&p[0].ended);
    sem_wait(&p[1].ended);
    jobs_free(j);
    ck_assert_int_eq(order[1], 0);
}
END_TEST

static struct jobs *new_budgeted(struct budget *b, int running, int64_t work_ms)
{
    struct jobs_config config = {
        .running = running, .waiting = 8, .timeout_ms = 1000, .work_ms = work_ms, .budget = b};
    struct jobs *j = NULL;
    budget_init(b, 1000);
    ck_assert_int_eq(jobs_new(&config, &j, NULL), ERR_OK);
    return j;
}

START_TEST(waits_for_memory_and_is_passed_meanwhile)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 4, 0);
    struct probe large, small;
    int order[2], running, waiting;
    atomic_int rank = 0;
    ck_assert(budget_take(&b, BUDGET_REPLIES, 500));
    submit_ranked(j, &large, 0, 600, 0, &order[0], &rank);
    submit_ranked(j, &small, 0, 400, 1, &order[1], &rank);
    sem_wait(&small.ended);
    jobs_count(j, &running, &waiting);
    ck_assert_int_eq(waiting, 1);
    budget_give(&b, BUDGET_WORK, 400);
    budget_give(&b, BUDGET_REPLIES, 500);
    jobs_wake(j);
    sem_wait(&large.ended);
    jobs_free(j);
    budget_give(&b, BUDGET_WORK, 600);
    budget_done(&b);
}
END_TEST

START_TEST(is_not_passed_once_it_has_waited_for_half_its_time)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 1, 0);
    struct probe large, small;
    int order[2];
    atomic_int rank = 0;
    ck_assert(budget_take(&b, BUDGET_REPLIES, 500));
    submit_ranked(j, &large, 0, 600, 0, &order[0], &rank);
    jobs_tick(j, 500);
    submit_ranked(j, &small, 0, 400, 501, &order[1], &rank);
    budget_give(&b, BUDGET_REPLIES, 500);
    jobs_wake(j);
    sem_wait(&large.ended);
    sem_wait(&small.ended);
    jobs_free(j);
    ck_assert_int_eq(order[0], 0);
    budget_done(&b);
}
END_TEST

/* Four drivers, of which three have long jobs; the fourth of those waits. */
static struct jobs *new_busy_with_long(struct probe slow[4], int64_t timeout_ms)
{
    struct jobs_config config = {.running = 4, .waiting = 8, .timeout_ms = timeout_ms};
    struct jobs *j = NULL;
    ck_assert_int_eq(jobs_new(&config, &j, NULL), ERR_OK);
    for (int i = 0; i < 4; i++) {
        probe_init(&slow[i]);
        slow[i].job.expected_ms = 1500;
        ck_assert_int_eq(jobs_submit(j, &slow[i].job, 0, NULL), ERR_OK);
        if (i < 3)
            sem_wait(&slow[i].started);
    }
    return j;
}

static void let_go(struct jobs *j, struct probe slow[4])
{
    for (int i = 0; i < 4; i++)
        sem_post(&slow[i].go);
    for (int i = 0; i < 4; i++)
        sem_wait(&slow[i].ended);
    jobs_free(j);
}

START_TEST(long_jobs_leave_a_quarter_of_the_drivers)
{
    struct probe slow[4], quick;
    struct jobs *j = new_busy_with_long(slow, 10000);
    int running, waiting;
    start(j, &quick);
    jobs_count(j, &running, &waiting);
    ck_assert_int_eq(running, 4);
    ck_assert_int_eq(waiting, 1);
    sem_post(&quick.go);
    let_go(j, slow);
    ck_assert_int_eq(quick.ran, 1);
}
END_TEST

START_TEST(a_driver_that_long_jobs_leave_is_no_wait)
{
    struct probe slow[4], quick;
    struct jobs *j = new_busy_with_long(slow, 2300); /* half of what runs takes 2250 */
    struct err e = ERR_INIT;
    ck_assert_int_eq(jobs_would_admit(j, 1500, &e), ERR_BUSY);
    ck_assert_str_eq(e.option, "queue-timeout");
    start(j, &quick);
    sem_post(&quick.go);
    let_go(j, slow);
    ck_assert_int_eq(quick.ran, 1);
}
END_TEST

START_TEST(cancels_what_runs_for_too_long)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 1, 300);
    struct probe p;
    start(j, &p);
    jobs_tick(j, 299);
    ck_assert(!atomic_load(&p.job.cancel));
    jobs_tick(j, 300);
    ck_assert(atomic_load(&p.job.cancel));
    ck_assert(atomic_load(&p.job.timed_out));
    finish(j, &p);
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
    ck_assert_uint_eq(jobs_retry_s(j), 5);
    finish(j, &slow);
}
END_TEST

/* The places of jobs that wait, by jobs_place, as digits. */
static const char *places_of(struct jobs *j, const struct probe *p, int count, int64_t now_ms)
{
    static char text[16];
    for (int i = 0; i < count; i++)
        text[i] = (char)('0' + jobs_place(j, p[i].job.number, now_ms).position);
    text[count] = '\0';
    return text;
}

/* Two drivers, of which long jobs may have both; little memory. */
START_TEST(places_heed_memory_and_are_the_order_in_which_jobs_begin)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 1, 0);
    struct probe busy, p[3];
    int order[3];
    atomic_int rank = 0;
    start(j, &busy);
    ck_assert(budget_take(&b, BUDGET_REPLIES, 500));
    submit_ranked(j, &p[0], 20, 600, 0, &order[0], &rank);  /* too large for now */
    submit_ranked(j, &p[1], 100, 200, 0, &order[1], &rank); /* long, but fits */
    submit_ranked(j, &p[2], 40, 300, 0, &order[2], &rank);
    ck_assert_str_eq(places_of(j, p, 3, 100), "321");
    ck_assert_double_eq(jobs_place(j, p[0].job.number, 100).before_ms, 140);
    ck_assert_double_eq(jobs_place(j, p[1].job.number, 100).before_ms, 40);
    ck_assert_str_eq(places_of(j, p, 3, 600), "132"); /* aged: nobody passes it any more */
    budget_give(&b, BUDGET_REPLIES, 500);
    jobs_tick(j, 700);
    ck_assert_str_eq(places_of(j, p, 3, 700), "132");
    sem_post(&busy.go);
    for (int i = 0; i < 3; i++) {
        int which = i == 0 ? 0 : i == 1 ? 2 : 1;
        sem_wait(&p[which].ended);
        ck_assert_int_eq(order[which], i);
        budget_give(&b, BUDGET_WORK, p[which].job.bytes);
        jobs_wake(j);
    }
    ck_assert_int_eq(jobs_place(j, p[0].job.number, 800).position, 0);
    jobs_free(j);
    budget_done(&b);
}
END_TEST

START_TEST(places_heed_that_long_jobs_leave_drivers)
{
    struct probe slow[4], p[3];
    struct jobs *j = new_busy_with_long(slow, 100000);
    int order[3];
    atomic_int rank = 0;
    struct probe last;
    start(j, &last); /* a short one has the fourth driver */
    submit_ranked(j, &p[0], 100, 0, 0, &order[0], &rank);
    submit_ranked(j, &p[1], 2000, 0, 0, &order[1], &rank);
    submit_ranked(j, &p[2], 300, 0, 0, &order[2], &rank);
    ck_assert_int_eq(jobs_place(j, slow[3].job.number, 0).position, 3);
    ck_assert_str_eq(places_of(j, p, 3, 0), "142");
    sem_post(&last.go); /* the fourth driver takes the short ones, and no long one */
    sem_wait(&p[0].ended);
    sem_wait(&p[2].ended);
    sem_wait(&last.ended);
    ck_assert_int_eq(order[0], 0);
    ck_assert_int_eq(order[2], 1);
    ck_assert_int_eq(jobs_place(j, slow[3].job.number, 0).position, 1);
    let_go(j, slow);
}
END_TEST

/* As turns_next takes the jobs one after another; then the rest by their ratio. */
static int follow(struct job **first, struct turns t, uint64_t *numbers)
{
    int count = 0;
    for (struct job **at; (at = turns_next(first, &t)) != NULL; count++) {
        struct job *job = *at;
        numbers[count] = job->number;
        t.memory_bytes -= job->bytes;
        t.long_places -= turns_is_long(job->expected_ms);
        *at = job->next;
    }
    t.memory_bytes = INT64_MAX;
    t.long_places = INT32_MAX;
    for (struct job **at; (at = turns_next(first, &t)) != NULL; count++) {
        numbers[count] = (*at)->number;
        *at = (*at)->next;
    }
    return count;
}

START_TEST(places_are_those_of_the_rule_for_any_queue)
{
    enum { MOST = 40, QUEUES = 3000 };
    uint64_t seed = harness_seed(20);
    int held_back = 0;
    for (int round = 0; round < QUEUES; round++) {
        struct job jobs[MOST] = {{0}};
        uint64_t numbers[MOST];
        int count = 1 + (int)(harness_random(&seed) % MOST);
        struct turns t = {.now_ms = 1000,
                          .patience_ms = 500,
                          .long_places = (int)(harness_random(&seed) % 4),
                          .memory_bytes = (int64_t)(harness_random(&seed) % 2000)};
        for (int i = 0; i < count; i++) {
            jobs[i].number = (uint64_t)i + 1;
            jobs[i].queued_ms = 700 * i / count;
            jobs[i].expected_ms = (double)(harness_random(&seed) % 30) * 60;
            jobs[i].weight = 1 + (double)(harness_random(&seed) % 2);
            jobs[i].bytes = (int64_t)(harness_random(&seed) % 600);
            jobs[i].next = i + 1 < count ? &jobs[i + 1] : NULL;
        }
        turns_arrange(jobs, count, &t);
        struct job *first = jobs;
        ck_assert_int_eq(follow(&first, t, numbers), count);
        double before_ms = 0;
        for (int i = 0; i < count; i++) {
            const struct job *job = &jobs[numbers[i] - 1];
            ck_assert_int_eq(job->place.position, i + 1);
            ck_assert_double_eq(job->place.before_ms, before_ms);
            before_ms += job->expected_ms;
        }
        held_back += count > 0 && numbers[0] != 1;
    }
    ck_assert_int_gt(held_back, QUEUES / 10); /* the rules did something */
}
END_TEST

/* Drivers, a ticking thread and cancellation at once: each job ends exactly once. */
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
    TCase *t = tcase_create("queue");
    tcase_add_test(t, refuses_past_the_queue);
    tcase_add_test(t, takes_one_with_no_queue_when_idle);
    tcase_add_test(t, runs_in_order_of_arrival);
    tcase_add_test(t, drops_what_waited_too_long);
    tcase_add_test(t, drops_what_was_cancelled);
    tcase_add_test(t, finishes_the_admitted_once_closed);
    tcase_add_test(t, drops_the_waiting_when_freed);
    tcase_add_test(t, the_short_go_before_the_long);
    tcase_add_test(t, the_long_have_their_turn_with_age);
    tcase_add_test(t, weight_makes_a_job_as_though_shorter);
    tcase_add_test(t, waits_for_memory_and_is_passed_meanwhile);
    tcase_add_test(t, is_not_passed_once_it_has_waited_for_half_its_time);
    tcase_add_test(t, long_jobs_leave_a_quarter_of_the_drivers);
    tcase_add_test(t, a_driver_that_long_jobs_leave_is_no_wait);
    tcase_add_test(t, cancels_what_runs_for_too_long);
    tcase_add_test(t, refuses_what_would_wait_too_long_and_says_when_to_come_back);
    tcase_add_test(t, places_heed_memory_and_are_the_order_in_which_jobs_begin);
    tcase_add_test(t, places_heed_that_long_jobs_leave_drivers);
    tcase_add_test(t, places_are_those_of_the_rule_for_any_queue);
    tcase_add_test(t, ends_each_job_once);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
