/* jobs.h - the queue: which requests run now, which wait, and which are refused.
 *
 * A job runs on a driver, a thread that sleeps while the pool computes. As many jobs run at a time
 * as there are drivers and memory for. Others wait; --queue limits their number, and
 * --queue-timeout their time. turns.h decides in which order they begin, and admission.h which jobs
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

/* The place of a job among those that wait. */
struct job_place {
    int position;     /* from 1, in the order in which the jobs begin; 0: it does not wait */
    double before_ms; /* expected time of one worker for the waiting jobs that begin before it */
};

/* A job belongs to the caller. After it is submitted, a driver calls `run` and then `done`, or a
 * driver or jobs_tick calls `drop`. The queue does not touch the job once `done` or `drop` has
 * begun. */
struct job {
    void (*admitted)(struct job *job); /* under the queue's lock, before any of the others */
    void (*run)(struct job *job);
    void (*done)(struct job *job);
    void (*drop)(struct job *job, const struct err *why); /* it leaves the queue and will not run */
    atomic_bool cancel; /* makes the queue drop a waiting job; `run` must check it itself */
    int64_t bytes;      /* working memory, taken as BUDGET_WORK before `run`, which gives it back */
    double expected_ms; /* expected time of one worker; 0: not known */
    double weight;      /* divides the expected time when turns are decided; 0 is 1 */
    /* set by jobs.c and turns.c */
    uint64_t number;       /* from 1, in the order of submission */
    atomic_bool timed_out; /* cancelled because it ran for too long */
    int64_t queued_ms, started_ms;
    struct job_place place;
    unsigned retry_s; /* if it waited for too long: when its client should come back */
    struct job *next;
};

struct jobs_config {
    int running;           /* number of drivers, at least 1 */
    int waiting;           /* jobs that may wait; 0: a job runs at once or is refused */
    int64_t timeout_ms;    /* how long a job may wait */
    int64_t work_ms;       /* how long a job may run; 0: without limit */
    int workers;           /* threads that compute at the same time; 0 is 1 */
    struct budget *budget; /* NULL: memory is not limited */
};

/* Starts the drivers. On ERR_OK the caller owns *out (jobs_free). ERR_MEMORY. */
enum err_code jobs_new(const struct jobs_config *config, struct jobs **out, struct err *e);

/* Waits for the running jobs, and drops the waiting ones with ERR_DRAINING. NULL is fine. */
void jobs_free(struct jobs *j);

/* Submits a job. The errors are those of admission_queue, and ERR_DRAINING after jobs_close. After
 * an error the queue does not know the job. */
enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e);

/* Refuses a request whose picture has not arrived yet, as jobs_submit would refuse it now, so that
 * the client need not upload the picture in vain. Counts it (returns.h) if it is refused;
 * jobs_submit counts the others. */
enum err_code jobs_admit_upload(struct jobs *j, int64_t now_ms, struct err *e);

/* Counts a request that is refused because there is no memory for its picture. Returns the seconds
 * after which the client should come back (returns.h). */
unsigned jobs_refuse_upload(struct jobs *j, int64_t now_ms);

/* Returns the seconds after which a client that is refused now should come back. Counts nothing. */
unsigned jobs_retry_s(struct jobs *j);

/* Returns what jobs_submit would return now for a job of this length. Counts nothing. */
enum err_code jobs_would_admit(struct jobs *j, double expected_ms, struct err *e);

/* Returns the place of the job with this number; position 0 if it does not wait. In this result
 * before_ms is divided by the number of workers: it is wall-clock time. */
struct job_place jobs_place(struct jobs *j, uint64_t number, int64_t now_ms);

/* Tells the queue that memory was given back to the budget, so that jobs can begin that wait for
 * memory. */
void jobs_wake(struct jobs *j);

/* Drops jobs that have waited too long (ERR_BUSY) or were cancelled (ERR_CANCELLED), and cancels
 * jobs that have run for too long. */
void jobs_tick(struct jobs *j, int64_t now_ms);

/* Makes the queue refuse new jobs. Jobs that it has accepted still run. */
void jobs_close(struct jobs *j);

/* Counts the jobs that run and the jobs that wait. */
void jobs_count(struct jobs *j, int *running, int *waiting);

/* Returns when the job that has waited longest was submitted; -1 if none waits. */
int64_t jobs_oldest_ms(struct jobs *j);

#endif
