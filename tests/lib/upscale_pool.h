/* upscale_pool.h - a thread pool that is ready to upscale, for tests. */
#ifndef UPSCALED_TESTS_LIB_UPSCALE_POOL_H
#define UPSCALED_TESTS_LIB_UPSCALE_POOL_H

#include "engine/upscale.h"

/* Starts a pool of `threads`, whose workers have the buffers that `plan` needs. Free it with pool_free. */
struct pool *upscale_pool(const struct plan *plan, int threads);

#endif
