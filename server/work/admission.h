/* admission.h - what a request needs, told by the bytes of its picture that have come. */
#ifndef UPSCALED_SERVER_WORK_ADMISSION_H
#define UPSCALED_SERVER_WORK_ADMISSION_H

#include "engine/transcode_memory.h"

struct need {
    size_t file_bytes;
    struct transcode_memory memory;
    int64_t work_bytes; /* of memory.peak, what comes on top of the file; and what the pool's
                           scratch must grow by */
    double macs;        /* multiply-accumulates of the network, halos aside */
    double out_samples; /* that are encoded */
};

/* For a file of `file_bytes`, of which the first `length` are there, at least PNG_HEAD_BYTES; with
 * all of them what is said is nearer. The errors of transcode_memory. */
enum err_code admission_judge(struct pool *pool, const struct transcode_params *params,
                              const uint8_t *file, size_t length, size_t file_bytes,
                              struct need *out, struct err *e);

/* The same for the least of what a file that begins with these PNG_HEAD_BYTES can need: no
 * transparency comes, and nothing to keep. What is too much is so whatever follows. */
enum err_code admission_judge_head(struct pool *pool, const struct transcode_params *params,
                                   const uint8_t *head, size_t file_bytes, struct need *out,
                                   struct err *e);

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
