/* job_probe.h - for tests: jobs that occupy their driver until the test releases them, and record
 * which callbacks ran. */
#ifndef UPSCALED_TESTS_LIB_JOB_PROBE_H
#define UPSCALED_TESTS_LIB_JOB_PROBE_H

#include <semaphore.h>

#include "server/work/jobs.h"

struct probe {
    struct job job;           /* must be first, because the callbacks get its address */
    sem_t started, go, ended; /* the test posts `go` to release the job */
    atomic_int admitted, ran, dropped;
    enum err_code why;
    atomic_int *rank; /* counts the jobs that began, or NULL */
    int began;        /* the count when this job began */
};

void probe_init(struct probe *p);

/* Makes a queue with these numbers of drivers and places, and a timeout of one second. */
struct jobs *new_jobs(int running, int waiting);

/* Makes a queue with a budget of 1000 bytes, which it initialises, and with a limit on the work. */
struct jobs *new_budgeted(struct budget *b, int running, int64_t work_ms);

/* Makes a queue of four drivers. Long jobs occupy three of them, and the fourth long job waits. */
struct jobs *new_busy_with_long(struct probe slow[4], int64_t timeout_ms);
void end_long(struct jobs *j, struct probe slow[4]); /* releases the four, and frees the queue */

/* Submits a job, and waits until a driver has it. */
void probe_start(struct jobs *j, struct probe *p);

/* Releases the running job, waits for its end, and frees the queue. */
void probe_finish(struct jobs *j, struct probe *p);

#endif
