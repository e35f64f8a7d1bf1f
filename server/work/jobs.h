/* jobs.h - which requests run now, which wait, and which are turned away.
 *
 * A job runs on a driver thread of its own, which sleeps while the pool computes; as many run at a
 * time as there are drivers and memory for. Others wait, so many and so long at most. Next is the
 * one that has waited longest in proportion to what it takes (highest response ratio: Brinch Hansen
 * 1971), so short ones go first and none waits for ever; long ones leave a quarter of the drivers
 * to short ones. Who would wait too long is refused at once.
 * Times are milliseconds of one monotonic clock, given by the caller. Threads: any. */
#ifndef UPSCALED_SERVER_WORK_JOBS_H
#define UPSCALED_SERVER_WORK_JOBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "server/work/budget.h"

struct jobs;

/* Belongs to the caller. Once submitted, either `run` and then `done` are called, or `drop`, from a
 * thread of jobs or of jobs_tick; the job is not touched after `done` or `drop` began. */
struct job {
    void (*admitted)(struct job *job); /* under the queue's lock: before run or drop can be */
    void (*run)(struct job *job);
    void (*done)(struct job *job);
    void (*drop)(struct job *job, const struct err *why); /* left the queue without having run */
    atomic_bool cancel; /* set it to have a waiting job dropped; `run` looks at it itself */
    int64_t bytes; /* of memory to work in: taken as BUDGET_WORK before `run`, which gives them */
    double expected_ms; /* of a worker thread; 0: not known */
    double weight;      /* it is served as though it were so many times shorter; 0 is 1 */
    /* kept by jobs */
    atomic_bool timed_out; /* cancelled because it ran for too long */
    int64_t queued_ms, started_ms;
    struct job *next;
};

struct jobs_config {
    int running;           /* drivers, at least 1 */
    int waiting;           /* jobs that may wait; 0: run at once or not at all */
    int64_t timeout_ms;    /* how long one may wait */
    int64_t work_ms;       /* how long one may run; 0: for ever */
    int workers;           /* threads that compute; 0 is 1 */
    struct budget *budget; /* NULL: memory is not counted */
};

enum err_code jobs_new(const struct jobs_config *config, struct jobs **out, struct err *e);

/* Waits for the running; waiting jobs are dropped with ERR_DRAINING. NULL is fine. */
void jobs_free(struct jobs *j);

/* ERR_BUSY, with the seconds after which to try again, when the queue is full or the job would wait
 * for longer than it may; ERR_DRAINING after jobs_close. Then the job is the caller's. */
enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e);

/* What jobs_submit would say now of a job that takes so long, so that nobody uploads a picture in
 * vain. */
enum err_code jobs_would_admit(struct jobs *j, double expected_ms, struct err *e);

/* What a job takes, as far as its turn is concerned: ms of a worker thread by its weight, at
 * least 1. */
double jobs_length(const struct job *job);

/* Memory was given back to the budget: whoever waits for some may look again. */
void jobs_wake(struct jobs *j);

/* Drops what has waited too long (ERR_BUSY) or was cancelled (ERR_CANCELLED), and cancels what has
 * run for too long. */
void jobs_tick(struct jobs *j, int64_t now_ms);

/* Takes no more; those admitted run on. */
void jobs_close(struct jobs *j);

void jobs_count(struct jobs *j, int *running, int *waiting);

/* When the one that waits longest came; -1 where none waits. */
int64_t jobs_oldest_ms(struct jobs *j);

/* Seconds until all that was admitted will be done, as far as is known; at least 1. */
unsigned jobs_retry_s(struct jobs *j);

#endif
