/* cost.h - estimates how long requests take.
 *
 * Time is processor time of the workers, in nanoseconds. There are several kinds of work, and each
 * has a rate of its own:
 *   network   for each multiply-add, by model
 *   decode    for each byte of samples, by how densely the file packs them
 *   encode    for each byte of samples, by compression, by that density, and by whether the picture
 *             was resized
 * A rate starts at a figure that was measured and follows the requests of its kind. Each request
 * counts in proportion to its size, and older requests count less and less. A rate stays within a
 * factor COST_BOUND of its start, so that no client can make the requests of others look
 * arbitrarily long. Whether a request may run at all is decided by rates that never exceed their
 * start (cost_least_ns), so that no request makes this decision stricter.
 * Threads: any. */
#ifndef UPSCALED_SERVER_WORK_COST_H
#define UPSCALED_SERVER_WORK_COST_H

#include <pthread.h>

#include "engine/transcode.h"
#include "server/work/need.h"

enum { COST_BOUND = 4, COST_MODELS = 64, COST_LEVELS = 6, COST_DENSITIES = 7 };

struct cost_rate {
    double start;     /* ns for each unit, as it was measured, or from a table */
    double ns, units; /* sums over the requests, of which older ones count less */
};

struct cost {
    pthread_mutex_t lock;
    struct cost_rate network[COST_MODELS][2];                /* [model][1 if it runs depth first] */
    struct cost_rate all_macs;                               /* rate over all models */
    struct cost_rate decode[2][COST_DENSITIES];              /* [interlaced] */
    struct cost_rate encode[2][COST_LEVELS][COST_DENSITIES]; /* [resized] */
};

/* Sets the rates of a slow core, without a measurement. */
void cost_init(struct cost *c);
void cost_done(struct cost *c);

/* Measures the network on a small gray picture, which takes about 50 ms. `pool` has the scratch for
 * it. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code cost_calibrate(struct cost *c, struct pool *pool, const struct plan *plan,
                             struct err *e);

/* Returns the nanoseconds of a multiply-add, over the requests of all models. */
double cost_mac_ns(struct cost *c);

/* Returns the time that a request with this need will probably take. */
double cost_expected_ns(struct cost *c, const struct need *n);

/* Returns a lower estimate of the time, for decisions that are final. It uses the lower of the
 * learned rate and its start. If only the head of the file is known, it assumes the content that
 * takes the least time. */
double cost_least_ns(struct cost *c, const struct need *n);

/* Adjusts the rates by a request with this need. */
void cost_learn(struct cost *c, const struct need *n, const struct transcode_report *report);

#endif
