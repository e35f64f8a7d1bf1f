/* test_progress.c - the table of requests in progress: which requests are found by whom, and what
 * it says about them. */
#include <jansson.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/work/progress.h"
#include "tests/lib/harness.h"

#define LONG "0123456789abcdefghijkl"

static struct jobs *queue;
static struct progress *table;
static atomic_bool cancel;

static void ignore(struct job *job)
{
    (void)job;
}

static void ignore_drop(struct job *job, const struct err *why)
{
    (void)job, (void)why;
}

static sem_t go;

static void hold(struct job *job)
{
    (void)job;
    sem_wait(&go);
}

/* Occupies the only driver of the queue. */
static struct job busy = {.admitted = ignore, .run = hold, .done = ignore, .drop = ignore_drop};

static void set_up(void)
{
    const struct jobs_config config = {.running = 1, .waiting = 8, .timeout_ms = 1000000};
    int running = 0, waiting;
    sem_init(&go, 0, 0);
    ck_assert_int_eq(jobs_new(&config, &queue, NULL), ERR_OK);
    ck_assert_int_eq(jobs_submit(queue, &busy, 0, NULL), ERR_OK);
    while (running == 0)
        jobs_count(queue, &running, &waiting);
    ck_assert_int_eq(progress_new(queue, &table, NULL), ERR_OK);
    atomic_store(&cancel, false);
}

static void tear_down(void)
{
    for (int i = 0; i < 10; i++)
        sem_post(&go);
    progress_free(table);
    jobs_free(queue);
}

/* Makes the request wait as this job, which takes `expected_s`. */
static void submit(struct ticket *t, struct job *job, double expected_s, int64_t now_ms)
{
    *job = busy;
    job->expected_ms = expected_s * 1000;
    ck_assert_int_eq(jobs_submit(queue, job, now_ms, NULL), ERR_OK);
    progress_wait(table, t, job->number, expected_s);
}

static struct progress_view look(const struct ticket *t, int64_t now_ms)
{
    struct progress_view v;
    progress_look(table, t, now_ms, &v);
    return v;
}

START_TEST(is_found_by_id_and_owner_together)
{
    static const struct {
        const char *id, *owner;
        enum err_code code;
    } cases[] = {
        {"7", "ann", ERR_OK},        {"7", "bob", ERR_NO_ROUTE}, {"7", "", ERR_NO_ROUTE},
        {LONG, "ann", ERR_NO_ROUTE}, {LONG, "", ERR_OK},         {"8", "ann", ERR_NO_ROUTE},
        {"short", "", ERR_NO_ROUTE},
    };
    struct ticket *keyed = progress_enter(table, "7", "ann", &cancel, 0);
    struct ticket *open = progress_enter(table, LONG, "", &cancel, 0);
    struct ticket *brief = progress_enter(table, "short", "", &cancel, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ticket *found;
        ck_assert_int_eq(progress_find(table, cases[i].id, cases[i].owner, &found, NULL),
                         cases[i].code);
        if (cases[i].code == ERR_OK) {
            ck_assert_ptr_eq(found, *cases[i].owner ? keyed : open);
            progress_release(table, found);
        }
    }
    progress_leave(table, keyed, PROGRESS_DONE);
    progress_leave(table, open, PROGRESS_DONE);
    progress_leave(table, brief, PROGRESS_DONE);
}
END_TEST

START_TEST(says_what_is_left_when_it_knows)
{
    struct ticket *t = progress_enter(table, LONG, "", &cancel, 1000);
    ck_assert_int_eq(look(t, 1000).state, PROGRESS_RECEIVING);
    progress_wait(table, t, 0, 0);
    ck_assert(look(t, 2000).expected_s < 0);
    progress_work(table, t, 3000);
    ck_assert(look(t, 3000).expected_s < 0);
    progress_wait(table, t, 0, 2.5);
    ck_assert_double_eq(look(t, 3000).expected_s, 2.5);
    progress_work(table, t, 3000);
    ck_assert_double_eq(look(t, 4000).expected_s, 1.5);
    ck_assert(look(t, 5500).expected_s < 0); /* it has passed */
    progress_move(table, t, 0.01, 5500);     /* too little to say */
    ck_assert(look(t, 5500).expected_s < 0);
    progress_move(table, t, 0.25, 5000);
    struct progress_view v = look(t, 5000);
    ck_assert_double_eq(v.elapsed_s, 4);
    ck_assert_double_eq(v.expected_s, 6);
    ck_assert_double_eq(v.fraction, 0.25);
    ck_assert_double_eq(look(t, 9000).expected_s, 2); /* it does not grow with time alone */
    ck_assert(look(t, 11000).expected_s < 0);
    progress_move(table, t, 1, 12000);
    ck_assert_double_eq(look(t, 13000).expected_s, 0);
    progress_leave(table, t, PROGRESS_DONE);
}
END_TEST

START_TEST(counts_those_that_wait_before)
{
    struct ticket *t[3];
    static struct job jobs[3]; /* they outlive the test, until the queue is freed */
    for (int i = 0; i < 3; i++) {
        t[i] = progress_enter(table, LONG, "", &cancel, 0);
        ck_assert_int_eq(look(t[i], 0).position, 0);
    }
    submit(t[2], &jobs[0], 1, 0);
    submit(t[0], &jobs[1], 1, 0);
    submit(t[1], &jobs[2], 1, 0);
    ck_assert_int_eq(look(t[2], 0).position, 1);
    ck_assert_int_eq(look(t[0], 0).position, 2);
    ck_assert_int_eq(look(t[1], 0).position, 3);
    ck_assert_double_eq(look(t[1], 0).expected_s, 3);
    progress_work(table, t[2], 0);
    ck_assert_int_eq(look(t[2], 0).position, 0);
    ck_assert_double_eq(look(t[1], 0).expected_s, 4); /* its work, and that of two before it */
    for (int i = 0; i < 3; i++)
        progress_leave(table, t[i], PROGRESS_FAILED);
}
END_TEST

START_TEST(places_are_those_of_the_queue)
{
    struct ticket *longer = progress_enter(table, LONG, "", &cancel, 0);
    struct ticket *shorter = progress_enter(table, LONG, "", &cancel, 0);
    static struct job jobs[2]; /* they outlive the test, until the queue is freed */
    submit(longer, &jobs[0], 10, 0);
    submit(shorter, &jobs[1], 1, 5000);
    static const struct {
        int64_t now_ms;
        int longer, shorter;
    } cases[] = {{5000, 1, 2}, {5500, 1, 2}, {5600, 2, 1}, {9000, 2, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(look(longer, cases[i].now_ms).position, cases[i].longer);
        ck_assert_int_eq(look(shorter, cases[i].now_ms).position, cases[i].shorter);
    }
    ck_assert_double_eq(look(longer, 9000).expected_s, 11);
    ck_assert_double_eq(look(shorter, 9000).expected_s, 1);
    progress_leave(table, longer, PROGRESS_FAILED);
    progress_leave(table, shorter, PROGRESS_FAILED);
}
END_TEST

START_TEST(whoever_holds_a_ticket_sees_its_end)
{
    struct ticket *held, *again, *t = progress_enter(table, LONG, "", &cancel, 0);
    ck_assert_int_eq(progress_find(table, LONG, "", &held, NULL), ERR_OK);
    progress_leave(table, t, PROGRESS_DONE);
    ck_assert_int_eq(progress_find(table, LONG, "", &again, NULL), ERR_NO_ROUTE);
    ck_assert_int_eq(look(held, 0).state, PROGRESS_DONE);
    ck_assert_double_eq(look(held, 0).fraction, 1);
    progress_cancel(table, held);
    ck_assert(!atomic_load(&cancel));
    progress_release(table, held);
}
END_TEST

START_TEST(cancels_what_is_under_way)
{
    struct ticket *t = progress_enter(table, LONG, "", &cancel, 0);
    progress_cancel(table, t);
    ck_assert(atomic_load(&cancel));
    progress_leave(table, t, PROGRESS_CANCELLED);
}
END_TEST

START_TEST(becomes_json_of_one_line)
{
    static const char *const states[] = {"receiving", "waiting", "working",
                                         "done",      "failed",  "cancelled"};
    for (int state = PROGRESS_RECEIVING; state <= PROGRESS_CANCELLED; state++) {
        struct progress_view v = {.state = (enum progress_state)state,
                                  .expected_s = state % 2 ? -1 : 2.25,
                                  .fraction = 0.12345,
                                  .id = LONG};
        char *text = progress_json(&v);
        ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
        json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        ck_assert_str_eq(json_string_value(json_object_get(o, "state")), states[state]);
        ck_assert_double_eq(json_real_value(json_object_get(o, "fraction")), 0.123);
        ck_assert_int_eq(json_is_null(json_object_get(o, "expected_seconds")), state % 2);
        ck_assert_int_eq(progress_is_final(v.state), state >= PROGRESS_DONE);
        json_decref(o);
        free(text);
    }
}
END_TEST

START_TEST(does_without_a_ticket_where_memory_is_out)
{
    mem_fail_nth(0);
    struct ticket *t = progress_enter(table, LONG, "", &cancel, 0);
    mem_fail_nth(-1);
    ck_assert_ptr_null(t);
    progress_wait(table, t, 0, 1);
    progress_work(table, t, 0);
    progress_move(table, t, 0.5, 0);
    progress_leave(table, t, PROGRESS_DONE);
    progress_release(table, t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("progress");
    TCase *c = tcase_create("progress");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, is_found_by_id_and_owner_together);
    tcase_add_test(c, says_what_is_left_when_it_knows);
    tcase_add_test(c, counts_those_that_wait_before);
    tcase_add_test(c, places_are_those_of_the_queue);
    tcase_add_test(c, whoever_holds_a_ticket_sees_its_end);
    tcase_add_test(c, cancels_what_is_under_way);
    tcase_add_test(c, becomes_json_of_one_line);
    tcase_add_test(c, does_without_a_ticket_where_memory_is_out);
    suite_add_tcase(s, c);
    return harness_run(s);
}
