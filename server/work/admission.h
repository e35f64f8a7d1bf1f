/* admission.h - decides which requests are refused: those that can never succeed, those for whose
 * body there is no memory now, and those that would wait too long.
 *
 * Threads: pure functions, except that a struct body_memory belongs to one thread at a time. */
#ifndef UPSCALED_SERVER_WORK_ADMISSION_H
#define UPSCALED_SERVER_WORK_ADMISSION_H

#include "server/work/budget.h"
#include "server/work/need.h"

/* The most that one request may use, and what it will use at least. */
struct request_bounds {
    int64_t memory;         /* bytes */
    int64_t work_timeout_s; /* seconds that a request may run */
    double least_s;         /* seconds that this request will run at least */
};

/* Checks whether a request can ever run. ERR_TOO_MUCH_MEMORY, ERR_TOO_MUCH_WORK. */
enum err_code admission_bound(const struct need *n, const struct request_bounds *bounds,
                              struct err *e);

enum { BODY_SMALL = 65536 }; /* bytes up to which a body is charged in small steps */

/* The memory that the body of one request uses. */
struct body_memory {
    struct budget *budget;
    int64_t max_body; /* bytes */
    int64_t charged;  /* bytes of the budget that the body holds; 0 at first */
    bool moves;       /* its length is not known, so the buffer is copied as it grows */
};

/* Checks whether a body of this length can ever be accepted. ERR_BODY_TOO_LARGE. */
enum err_code admission_body(const struct body_memory *body, uint64_t length, struct err *e);

/* Charges the budget for a file of which `length` bytes have arrived. ERR_BODY_TOO_LARGE; ERR_BUSY
 * if other requests hold the memory. After an error nothing has changed. */
enum err_code admission_take(struct body_memory *body, size_t length, struct err *e);

/* Gives the charged bytes back to the budget. Returns false if there were none. */
bool admission_give(struct body_memory *body);

/* The queue when a new job arrives. */
struct queue_state {
    int drivers, running; /* jobs that may run at a time, and jobs that run */
    int places, waiting;  /* jobs that may wait, and jobs that wait */
    int64_t timeout_ms;   /* how long a job may wait */
    double wait_ms;       /* how long the new job would wait */
    unsigned retry_s;     /* seconds after which the client should try again */
};

/* Checks whether the queue takes the job. ERR_BUSY, with the seconds after which to try again, if
 * the queue is full or the job would wait for longer than it may. */
enum err_code admission_queue(const struct queue_state *q, struct err *e);

#endif
