/* cost.h - how long requests take.
 *
 * Time is processor time of the workers, in nanoseconds. There are several kinds of work, and each
 * has a rate of its own:
 *   network   for each multiply-add, by model
 *   decode    for each byte of samples, by how densely the file packs them
 *   encode    for each byte of samples, by compression, by that density, and by whether the picture
 *             was resized
 * A rate starts at a figure that was measured and follows the requests of its kind: each weighs by
 * its size against a fading past. It stays within a factor COST_BOUND of its start, so that no
 * client can make the requests of others look arbitrarily long. What may never run is decided by
 * rates that only become lower (cost_least_ns): no request makes that verdict stricter.
 * Threads: any. */
#ifndef UPSCALED_SERVER_WORK_COST_H
#define UPSCALED_SERVER_WORK_COST_H

#include <pthread.h>

#include "engine/transcode.h"
#include "server/work/need.h"

enum { COST_BOUND = 4, COST_MODELS = 64, COST_LEVELS = 6, COST_DENSITIES = 7 };

struct cost_rate {
    double start;     /* ns for each unit, as measured or tabulated */
    double ns, units; /* fading sums of what was learned */
};

struct cost {
    pthread_mutex_t lock;
    struct cost_rate network[COST_MODELS][2];                /* [][runs the fast way] */
    struct cost_rate all_macs;                               /* of all models together */
    struct cost_rate decode[2][COST_DENSITIES];              /* [interlaced] */
    struct cost_rate encode[2][COST_LEVELS][COST_DENSITIES]; /* [resized] */
};

/* Without a measurement: rates of a slow core. */
void cost_init(struct cost *c);
void cost_done(struct cost *c);

/* Measures the network on a small gray picture, which takes about 50 ms. `pool` has the scratch for
 * it. ERR_MEMORY. */
enum err_code cost_calibrate(struct cost *c, struct pool *pool, const struct plan *plan,
                             struct err *e);

/* The rate of the network over the requests of all models. */
double cost_mac_ns(struct cost *c);

/* The time that such a request will take. */
double cost_expected_ns(struct cost *c, const struct need *n);

/* A time that it will hardly be below, for verdicts that are final: of rates that were learned and
 * their starts the lower ones count, and of a need by its head the content that takes least. */
double cost_least_ns(struct cost *c, const struct need *n);

/* Learns from a request of this need. */
void cost_learn(struct cost *c, const struct need *n, const struct transcode_report *report);

#endif
