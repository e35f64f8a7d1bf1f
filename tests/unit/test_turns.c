/* test_turns.c - the order in which waiting jobs begin, and the places that are reported. */
#include "server/work/turns.h"

#include "tests/lib/harness.h"
#include "tests/lib/job_probe.h"

/* A job that does not wait to be released, and records when it began. */
struct ranked {
    double expected_ms;
    int64_t bytes, now_ms;
    atomic_int *rank;
};

static void submit_ranked(struct jobs *j, struct probe *p, const struct ranked *r)
{
    probe_init(p);
    p->job.expected_ms = r->expected_ms;
    p->job.bytes = r->bytes;
    p->rank = r->rank;
    p->began = -1;
    sem_post(&p->go);
    ck_assert_int_eq(jobs_submit(j, &p->job, r->now_ms, NULL), ERR_OK);
}

START_TEST(the_short_go_before_the_long)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe busy, p[3];
    atomic_int rank = 0;
    probe_start(j, &busy);
    submit_ranked(j, &p[0], &(struct ranked){900, 0, 0, &rank});
    submit_ranked(j, &p[1], &(struct ranked){10, 0, 0, &rank});
    submit_ranked(j, &p[2], &(struct ranked){100, 0, 0, &rank});
    jobs_tick(j, 50);
    sem_post(&busy.go);
    for (int i = 0; i < 3; i++)
        sem_wait(&p[i].ended);
    jobs_free(j);
    ck_assert_int_eq(p[1].began, 0);
    ck_assert_int_eq(p[2].began, 1);
    ck_assert_int_eq(p[0].began, 2);
}
END_TEST

START_TEST(the_long_have_their_turn_with_age)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe busy, p[2];
    atomic_int rank = 0;
    probe_start(j, &busy);
    submit_ranked(j, &p[0], &(struct ranked){500, 0, 0, &rank});
    submit_ranked(j, &p[1], &(struct ranked){10, 0, 890, &rank});
    jobs_tick(j, 899); /* the ratios are (899 + 500) / 500 and (9 + 10) / 10 */
    sem_post(&busy.go);
    sem_wait(&p[0].ended);
    sem_wait(&p[1].ended);
    jobs_free(j);
    ck_assert_int_eq(p[0].began, 0);
}
END_TEST

START_TEST(weight_makes_a_job_as_though_shorter)
{
    struct jobs *j = new_jobs(1, 8);
    struct probe busy, p[2];
    atomic_int rank = 0;
    probe_start(j, &busy);
    submit_ranked(j, &p[0], &(struct ranked){100, 0, 0, &rank});
    probe_init(&p[1]);
    p[1].job.expected_ms = 300;
    p[1].job.weight = 8;
    p[1].rank = &rank;
    sem_post(&p[1].go);
    ck_assert_int_eq(jobs_submit(j, &p[1].job, 0, NULL), ERR_OK);
    jobs_tick(j, 20);
    sem_post(&busy.go);
    sem_wait(&p[0].ended);
    sem_wait(&p[1].ended);
    jobs_free(j);
    ck_assert_int_eq(p[1].began, 0);
}
END_TEST

START_TEST(waits_for_memory_and_is_passed_meanwhile)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 4, 0);
    struct probe large, small;
    int running, waiting;
    atomic_int rank = 0;
    ck_assert(budget_take(&b, BUDGET_REPLIES, 500));
    submit_ranked(j, &large, &(struct ranked){0, 600, 0, &rank});
    submit_ranked(j, &small, &(struct ranked){0, 400, 1, &rank});
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
    atomic_int rank = 0;
    ck_assert(budget_take(&b, BUDGET_REPLIES, 500));
    submit_ranked(j, &large, &(struct ranked){0, 600, 0, &rank});
    jobs_tick(j, 500);
    submit_ranked(j, &small, &(struct ranked){0, 400, 501, &rank});
    budget_give(&b, BUDGET_REPLIES, 500);
    jobs_wake(j);
    sem_wait(&large.ended);
    sem_wait(&small.ended);
    jobs_free(j);
    ck_assert_int_eq(large.began, 0);
    budget_done(&b);
}
END_TEST

START_TEST(long_jobs_leave_a_quarter_of_the_drivers)
{
    struct probe slow[4], quick;
    struct jobs *j = new_busy_with_long(slow, 10000);
    int running, waiting;
    probe_start(j, &quick);
    jobs_count(j, &running, &waiting);
    ck_assert_int_eq(running, 4);
    ck_assert_int_eq(waiting, 1);
    sem_post(&quick.go);
    end_long(j, slow);
    ck_assert_int_eq(quick.ran, 1);
}
END_TEST

/* Returns the places of waiting jobs, by jobs_place, as digits. */
static const char *places_of(struct jobs *j, const struct probe *p, int count, int64_t now_ms)
{
    static char text[16];
    for (int i = 0; i < count; i++)
        text[i] = (char)('0' + jobs_place(j, p[i].job.number, now_ms).position);
    text[count] = '\0';
    return text;
}

/* There are two drivers, of which long jobs may have both, and little memory. */
START_TEST(places_heed_memory_and_are_the_order_in_which_jobs_begin)
{
    struct budget b;
    struct jobs *j = new_budgeted(&b, 1, 0);
    struct probe busy, p[3];
    atomic_int rank = 0;
    probe_start(j, &busy);
    ck_assert(budget_take(&b, BUDGET_REPLIES, 500));
    submit_ranked(j, &p[0], &(struct ranked){20, 600, 0, &rank});  /* too large for now */
    submit_ranked(j, &p[1], &(struct ranked){100, 200, 0, &rank}); /* long, but fits */
    submit_ranked(j, &p[2], &(struct ranked){40, 300, 0, &rank});
    ck_assert_str_eq(places_of(j, p, 3, 100), "321");
    ck_assert_double_eq(jobs_place(j, p[0].job.number, 100).before_ms, 140);
    ck_assert_double_eq(jobs_place(j, p[1].job.number, 100).before_ms, 40);
    ck_assert_str_eq(places_of(j, p, 3, 600), "132"); /* the job is aged, so no other passes it */
    budget_give(&b, BUDGET_REPLIES, 500);
    jobs_tick(j, 700);
    ck_assert_str_eq(places_of(j, p, 3, 700), "132");
    sem_post(&busy.go);
    for (int i = 0; i < 3; i++) {
        int which = i == 0 ? 0 : i == 1 ? 2 : 1;
        sem_wait(&p[which].ended);
        ck_assert_int_eq(p[which].began, i);
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
    atomic_int rank = 0;
    struct probe last;
    probe_start(j, &last); /* a short job has the fourth driver */
    submit_ranked(j, &p[0], &(struct ranked){100, 0, 0, &rank});
    submit_ranked(j, &p[1], &(struct ranked){2000, 0, 0, &rank});
    submit_ranked(j, &p[2], &(struct ranked){300, 0, 0, &rank});
    ck_assert_int_eq(jobs_place(j, slow[3].job.number, 0).position, 3);
    ck_assert_str_eq(places_of(j, p, 3, 0), "142");
    sem_post(&last.go); /* the fourth driver takes the short jobs, and no long one */
    sem_wait(&p[0].ended);
    sem_wait(&p[2].ended);
    sem_wait(&last.ended);
    ck_assert_int_eq(p[0].began, 0);
    ck_assert_int_eq(p[2].began, 1);
    ck_assert_int_eq(jobs_place(j, slow[3].job.number, 0).position, 1);
    end_long(j, slow);
}
END_TEST

/* Lists the jobs as turns_next takes them one after another, and then the rest by their ratio. */
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
    ck_assert_int_gt(held_back, QUEUES / 10); /* the rules had an effect */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("turns");
    TCase *t = tcase_create("turns");
    tcase_add_test(t, the_short_go_before_the_long);
    tcase_add_test(t, the_long_have_their_turn_with_age);
    tcase_add_test(t, weight_makes_a_job_as_though_shorter);
    tcase_add_test(t, waits_for_memory_and_is_passed_meanwhile);
    tcase_add_test(t, is_not_passed_once_it_has_waited_for_half_its_time);
    tcase_add_test(t, long_jobs_leave_a_quarter_of_the_drivers);
    tcase_add_test(t, places_heed_memory_and_are_the_order_in_which_jobs_begin);
    tcase_add_test(t, places_heed_that_long_jobs_leave_drivers);
    tcase_add_test(t, places_are_those_of_the_rule_for_any_queue);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
