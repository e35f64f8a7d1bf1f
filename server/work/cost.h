/* cost.h - how long requests take: measured once at the start, then learned from each of them.
 *
 * Time is that of worker threads, in nanoseconds a multiply-accumulate of the network and a sample
 * of the output (decoding and encoding). Each new request weighs a sixteenth, by its size.
 * Threads: any. */
#ifndef UPSCALED_SERVER_WORK_COST_H
#define UPSCALED_SERVER_WORK_COST_H

#include <pthread.h>

#include "engine/transcode.h"
#include "server/work/admission.h"

struct cost_rate {
    double ns, units; /* fading sums */
};

struct cost {
    pthread_mutex_t lock;
    struct cost_rate network, coding;
};

/* Without a measurement: what a slow core needs. */
void cost_init(struct cost *c);
void cost_done(struct cost *c);

/* Runs the network over a small gray picture, some 50 ms; `pool` has the scratch that it needs.
 * ERR_MEMORY. */
enum err_code cost_calibrate(struct cost *c, struct pool *pool, const struct plan *plan,
                             struct err *e);

double cost_mac_ns(struct cost *c);
double cost_expected_ns(struct cost *c, const struct need *n);

/* A request with this need has taken `used_ns` of worker threads. */
void cost_learn(struct cost *c, const struct need *n, const struct transcode_report *report,
                double used_ns);

#endif
