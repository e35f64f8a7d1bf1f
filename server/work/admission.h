/* admission.h - which requests are refused: those that can never succeed, those for whose body
 * there is no memory now, and those that would wait too long. */
#ifndef UPSCALED_SERVER_WORK_ADMISSION_H
#define UPSCALED_SERVER_WORK_ADMISSION_H

#include "server/work/budget.h"
#include "server/work/need.h"

/* What one request may take at most. */
struct request_bounds {
    int64_t memory;         /* bytes */
    int64_t work_timeout_s; /* seconds of work */
    double least_s;         /* how long this one will work at least */
};

/* Whether a request could ever be worked on. ERR_TOO_MUCH_MEMORY, ERR_TOO_MUCH_WORK. */
enum err_code admission_bound(const struct need *n, const struct request_bounds *bounds,
                              struct err *e);

enum { BODY_SMALL = 65536 }; /* bytes up to which a body is charged in small steps */

/* The body of one request, as far as its memory is concerned. */
struct body_memory {
    struct budget *budget;
    int64_t max_body; /* bytes */
    int64_t charged;  /* bytes of the budget that the body holds; 0 at first */
    bool moves;       /* its length is not known: the buffer is copied as it grows */
};

/* Whether a body of this length could ever be taken. ERR_BODY_TOO_LARGE. */
enum err_code admission_body(const struct body_memory *body, uint64_t length, struct err *e);

/* Charges a file of which `length` bytes have arrived to the budget. ERR_BODY_TOO_LARGE; ERR_BUSY
 * when others hold the memory. */
enum err_code admission_take(struct body_memory *body, size_t length, struct err *e);

/* Gives all of it back. Returns false when there was nothing to give. */
bool admission_give(struct body_memory *body);

/* The queue as a new job finds it. */
struct queue_state {
    int drivers, running; /* jobs that may run at a time, jobs that do */
    int places, waiting;  /* jobs that may wait, jobs that do */
    int64_t timeout_ms;   /* how long a job may wait */
    double wait_ms;       /* how long the new one would */
    unsigned retry_s;     /* when to come again */
};

/* Whether the queue takes the job. ERR_BUSY, with the seconds after which to try again, where the
 * queue is full or the job would wait for longer than it may. */
enum err_code admission_queue(const struct queue_state *q, struct err *e);

#endif
