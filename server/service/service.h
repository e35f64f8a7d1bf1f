/* service.h - the data that every request may use. `upscaled serve` fills it once. All pointers are
 * borrowed. */
#ifndef UPSCALED_SERVER_SERVICE_SERVICE_H
#define UPSCALED_SERVER_SERVICE_SERVICE_H

#include <stdatomic.h>

#include "engine/base/pool.h"
#include "server/access/keys.h"
#include "server/access/proxies.h"
#include "server/host/sandbox.h"
#include "server/models/models.h"
#include "server/options/options.h"
#include "server/service/access_log.h"
#include "server/service/metrics.h"
#include "server/work/budget.h"
#include "server/work/clients.h"
#include "server/work/cost.h"
#include "server/work/jobs.h"
#include "server/work/progress.h"

struct reload;

struct service {
    const struct options *options;
    struct pool *pool;
    struct models *models;
    struct jobs *jobs;
    struct progress *progress;
    struct keys *keys; /* NULL: no key is needed */
    struct reload *reload;
    struct access_log log;
    struct budget budget;
    int64_t scratch_bytes; /* of the pool, when the budget was made */
    struct cost cost;
    struct clients clients;
    int statm;                    /* /proc/self/statm, for memory_resident; -1: not available */
    struct sandbox_state sandbox; /* the parts of it that are in force */
    struct proxies proxies;       /* the proxies whose X-Forwarded-For is trusted */
    atomic_bool draining;         /* SIGTERM has arrived: new pictures are refused */
    struct metrics metrics;
    int usable_cpus;
};

/* Returns how many workers compute at the same time: threads beyond the CPUs only take turns. */
static inline int service_parallel(const struct service *s)
{
    int threads = pool_threads(s->pool);
    return s->usable_cpus > 0 && s->usable_cpus < threads ? s->usable_cpus : threads;
}

#endif
