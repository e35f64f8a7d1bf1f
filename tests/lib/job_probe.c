/* job_probe.c - see job_probe.h. */
#include "tests/lib/job_probe.h"

#include <string.h>

#include "tests/lib/harness.h"

static void on_admitted(struct job *job)
{
    atomic_fetch_add(&((struct probe *)job)->admitted, 1);
}

static void on_run(struct job *job)
{
    struct probe *p = (struct probe *)job;
    ck_assert_int_eq(p->admitted, 1);
    atomic_fetch_add(&p->ran, 1);
    if (p->rank)
        p->began = atomic_fetch_add(p->rank, 1);
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

void probe_init(struct probe *p)
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

struct jobs *new_jobs(int running, int waiting)
{
    struct jobs_config config = {.running = running, .waiting = waiting, .timeout_ms = 1000};
    struct jobs *j = NULL;
    ck_assert_int_eq(jobs_new(&config, &j, NULL), ERR_OK);
    return j;
}

struct jobs *new_budgeted(struct budget *b, int running, int64_t work_ms)
{
    struct jobs_config config = {
        .running = running, .waiting = 8, .timeout_ms = 1000, .work_ms = work_ms, .budget = b};
    struct jobs *j = NULL;
    budget_init(b, 1000);
    ck_assert_int_eq(jobs_new(&config, &j, NULL), ERR_OK);
    return j;
}

struct jobs *new_busy_with_long(struct probe slow[4], int64_t timeout_ms)
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

void end_long(struct jobs *j, struct probe slow[4])
{
    for (int i = 0; i < 4; i++)
        sem_post(&slow[i].go);
    for (int i = 0; i < 4; i++)
        sem_wait(&slow[i].ended);
    jobs_free(j);
}

void probe_start(struct jobs *j, struct probe *p)
{
    probe_init(p);
    ck_assert_int_eq(jobs_submit(j, &p->job, 0, NULL), ERR_OK);
    sem_wait(&p->started);
}

void probe_finish(struct jobs *j, struct probe *p)
{
    sem_post(&p->go);
    sem_wait(&p->ended);
    jobs_free(j);
    ck_assert_int_eq(p->ran, 1);
    ck_assert_int_eq(p->dropped, 0);
}
