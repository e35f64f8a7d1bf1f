/* returns.h - when clients that are refused should come back.
 *
 * If all of them were told when the queue will be done, they would come at the same time, and most
 * would be refused again. So each is given a time of its own, after those of the clients refused
 * before. These times are as far apart as the workers can do the work of one of them beside the
 * other requests; how much they can do beside follows from the work of the last seconds.
 *
 * Times are milliseconds of one monotonic clock; work is in milliseconds of all workers together.
 * Threads: one at a time. */
#ifndef UPSCALED_SERVER_WORK_RETURNS_H
#define UPSCALED_SERVER_WORK_RETURNS_H

#include <stdint.h>

struct returns {    /* zeroed at first */
    double load;    /* the work that requests brought lately; 1 would keep all workers busy */
    double work_ms; /* of a request, on average */
    double next_ms; /* the earliest time for the next client that is refused */
    int64_t now_ms; /* the time of `load` */
};

/* Counts the work of a request, whether it is admitted or refused. `work_ms` is 0 if it is not
 * known; then it counts as the average. */
void returns_offer(struct returns *r, int64_t now_ms, double work_ms);

/* Returns the seconds after which a client that is refused now should come back: at least 1, and at
 * most 120 after the backlog is done, or 600. `backlog_ms` is the work that is already accepted. */
unsigned returns_seconds(const struct returns *r, int64_t now_ms, double backlog_ms);

/* Notes that a client with this work was told to come back then. */
void returns_promise(struct returns *r, int64_t now_ms, double backlog_ms, double work_ms);

#endif
