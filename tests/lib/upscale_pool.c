/* upscale_pool.c - see upscale_pool.h. */
#include "tests/lib/upscale_pool.h"

#include "tests/lib/chain_for.h"

struct pool *upscale_pool(const struct plan *plan, int threads)
{
    struct pool *pool;
    size_t scratch;
    ck_assert_int_eq(pool_new(threads, &pool, NULL), ERR_OK);
    ck_assert_int_eq(scratch_of(plan, &scratch, NULL), ERR_OK);
    ck_assert_int_eq(pool_reserve(pool, scratch, NULL), ERR_OK);
    return pool;
}
