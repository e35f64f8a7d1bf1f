/* jobs.h - which requests run now, which wait, and which are turned away.
 *
 * A job runs on a driver thread of its own, which sleeps while the pool computes; as many run at a
 * time as there are drivers. Others wait in order of arrival, so many and so long at most.
 * Times are milliseconds of one monotonic clock, given by the caller. Threads: any. */
#ifndef UPSCALED_SERVER_JOBS_H
#define UPSCALED_SERVER_JOBS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/err.h"

struct jobs;

/* Belongs to the caller. Once submitted, exactly one of `run` and `drop` is called, from a thread
 * of jobs or of jobs_tick, and the job is not touched after that call began to return. */
struct job {
    void (*admitted)(struct job *job); /* under the queue's lock: before run or drop can be */
    void (*run)(struct job *job);
    void (*drop)(struct job *job, const struct err *why); /* left the queue without having run */
    atomic_bool cancel; /* set it to have a waiting job dropped; `run` looks at it itself */
    /* kept by jobs */
    int64_t queued_ms;
    struct job *next;
};

struct jobs_config {
    int running;        /* drivers, at least 1 */
    int waiting;        /* jobs that may wait; 0: run at once or not at all */
    int64_t timeout_ms; /* how long one may wait */
};

enum err_code jobs_new(const struct jobs_config *config, struct jobs **out, struct err *e);

/* Waits for the running; waiting jobs are dropped with ERR_DRAINING. NULL is fine. */
void jobs_free(struct jobs *j);

/* ERR_BUSY when the queue is full, ERR_DRAINING after jobs_close; then the job is the caller's. */
enum err_code jobs_submit(struct jobs *j, struct job *job, int64_t now_ms, struct err *e);

/* What jobs_submit would say now, so that nobody uploads a picture in vain. */
enum err_code jobs_would_admit(struct jobs *j, struct err *e);

/* Drops what has waited too long (ERR_BUSY) or was cancelled (ERR_CANCELLED). */
void jobs_tick(struct jobs *j, int64_t now_ms);

/* Takes no more; those admitted run on. */
void jobs_close(struct jobs *j);

void jobs_count(struct jobs *j, int *running, int *waiting);

#endif
