/* service.h - what every request may use. Filled once by `upscaled serve`; all of it borrowed. */
#ifndef UPSCALED_SERVER_SERVICE_H
#define UPSCALED_SERVER_SERVICE_H

#include <stdatomic.h>

#include "engine/base/pool.h"
#include "server/access_log.h"
#include "server/budget.h"
#include "server/clients.h"
#include "server/cost.h"
#include "server/jobs.h"
#include "server/keys.h"
#include "server/metrics.h"
#include "server/models.h"
#include "server/options.h"
#include "server/progress.h"
#include "server/proxies.h"
#include "server/sandbox.h"

struct reload;

struct service {
    const struct options *options;
    struct pool *pool;
    struct models *models;
    struct jobs *jobs;
    struct progress *progress;
    struct keys *keys; /* NULL: everybody may */
    struct reload *reload;
    struct access_log log;
    struct budget budget;
    int64_t scratch_bytes; /* of the pool, when the budget was made */
    struct cost cost;
    struct clients clients;
    int statm;                    /* /proc/self/statm, for memory_resident; -1: not to be had */
    struct sandbox_state sandbox; /* how far it is in force */
    struct proxies proxies;       /* whose X-Forwarded-For counts */
    atomic_bool draining;         /* SIGTERM has come: new pictures are refused */
    struct metrics metrics;
    int usable_cpus;
};

#endif
