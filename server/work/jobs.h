/* jobs.h - which requests run now, which wait, and which are turned away.
 *
 * A job runs on a driver thread of its own, which sleeps while the pool computes. As many jobs run
 * at a time as there are drivers and memory for. Others wait; --queue bounds their number and
 * --queue-timeout their time. turns.h says in which order they begin, and admission.h which jobs
 * the queue refuses.
 * Times are milliseconds of one monotonic clock, given by the caller. Threads: any. */
#ifndef UPSCALED_SERVER_WORK_JOBS_H
#define UPSCALED_SERVER_WORK_JOBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "server/work/budget.h"

struct jobs;

/* Where a job stands among those that wait. */
struct job_place {
    int position;     /* from 1 in the order in which the jobs begin; 0: it does not wait */
    double before_ms; /* expected of a worker thread for the waiting jobs that begin before it */
};

/* Belongs to the caller. Once a job is submitted, either `run` and then `done` are called, or
 * `drop`, by a driver or by jobs_tick. The job is not touched after `done` or `drop` began. */
struct job {
    void (*admitted)(struct job *job); /* under the queue's lock, before any of the others */
    void (*run)(struct job *job);
    void (*done)(struct job *job);
    void (*drop)(struct job *job, const struct err *why); /* it left the queue and did not run */
    atomic_bool cancel; /* set it to have a waiting job dropped; `run` must look at it itself */
    int64_t bytes;      /* working memory: taken as BUDGET_WORK before `run`, which gives it back */
    double expected_ms; /* of a worker thread; 0: not known */
    double weight;      /* the job has its turn as though it were so many times shorter; 0 is 1 */
    /* kept by jobs.c and turns.c */
    uint64_t number;       /* of all that were submitted */
    atomic_bool timed_out; /* cancelled because it ran for too long */
    int64_t queued_ms, started_ms;
    struct job_place place;
    struct job *next;
};

struct jobs_config {
    int running;           /* drivers, at least 1 */
    int waiting;           /* jobs that may wait; 0: a job runs at once or is refused */
    int64_t timeout_ms;    /* how long a job may wait */
    int64_t work_ms;       /* how long a job may run; 0: without limit */
    int workers;           /* threads that compute; 0 is 1 */
    struct budget *budget; /* NULL: memory is not counted */
};

enum err_code jobs_new(const struct jobs_config *config, struct jobs **out, struct err *e);

/* Waits for the running jobs. Waiting jobs are dropped with ERR_DRAINING. NULL is fine. */
void jobs_free(struct jobs *j);

/* The errors of admission_queue; ERR_DRAINING after jobs_close. On an error the job stays the
 * caller's. */
enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e);

/* What jobs_submit would answer now for a job that takes so long, so that nobody uploads a picture
 * in vain. */
enum err_code jobs_would_admit(struct jobs *j, double expected_ms, struct err *e);

/* Where the job of that number waits; position 0 where it does not. before_ms is shared out among
 * the workers: it passes in the time of the clock. */
struct job_place jobs_place(struct jobs *j, uint64_t number, int64_t now_ms);

/* Memory was given back to the budget: jobs that wait for memory may begin. */
void jobs_wake(struct jobs *j);

/* Drops jobs that have waited too long (ERR_BUSY) or were cancelled (ERR_CANCELLED), and cancels
 * jobs that have run for too long. */
void jobs_tick(struct jobs *j, int64_t now_ms);

/* The queue takes no more jobs. Those that it has taken run on. */
void jobs_close(struct jobs *j);

void jobs_count(struct jobs *j, int *running, int *waiting);

/* When the job that waits longest was submitted; -1 where none waits. */
int64_t jobs_oldest_ms(struct jobs *j);

/* Seconds until all jobs that were taken will be done, as far as is known; at least 1. */
unsigned jobs_retry_s(struct jobs *j);

#endif
