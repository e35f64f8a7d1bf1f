/* profile.h - measures the time of each layer of a plan, for `upscaled bench`.
 *
 * Without a profile (NULL), it costs a comparison per step; with one, two readings of the clock per
 * step.
 * Threads: any number may add to one profile. */
#ifndef UPSCALED_NN_PROFILE_H
#define UPSCALED_NN_PROFILE_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "engine/base/clock.h"

/* Work that belongs to no layer. Its counters follow those of the layers. */
enum { PROFILE_LOAD, PROFILE_STORE, PROFILE_OTHERS };

struct profile {
    int layers;
    atomic_uint_fast64_t *ns; /* [layers + PROFILE_OTHERS], summed over threads */
};

/* Begins a step. */
static inline uint64_t profile_begin(const struct profile *p)
{
    return p ? (uint64_t)clock_ns() : 0;
}

/* Ends the step, and counts it for layer `i`, or for layers + PROFILE_*. */
static inline void profile_end(struct profile *p, int i, uint64_t begun)
{
    if (p)
        atomic_fetch_add_explicit(&p->ns[i], profile_begin(p) - begun, memory_order_relaxed);
}

#endif
