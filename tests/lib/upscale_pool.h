/* upscale_pool.h - for tests: a thread pool that is ready to upscale. */
#ifndef UPSCALED_TESTS_LIB_UPSCALE_POOL_H
#define UPSCALED_TESTS_LIB_UPSCALE_POOL_H

#include "engine/upscale.h"

/* Starts a pool of `threads` workers with the buffers that `plan` needs. The caller frees it with
 * pool_free. */
struct pool *upscale_pool(const struct plan *plan, int threads);

#endif
