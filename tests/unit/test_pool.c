/* test_pool.c - every piece of a run runs once, for any number of callers and threads; shares account
 * for their pieces; scratch grows while other runs are in progress. */
#include <pthread.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/pool.h"
#include "tests/lib/harness.h"

struct tally {
    atomic_int count[1000];
};

static void count_piece(void *arg, int i, void *scratch)
{
    struct tally *t = arg;
    (void)scratch;
    atomic_fetch_add(&t->count[i], 1);
}

START_TEST(does_each_piece_once)
{
    for (int threads = 1; threads <= 8; threads++) {
        struct pool *p = NULL;
        struct err e = ERR_INIT;
        ck_assert_int_eq(pool_new(threads, &p, &e), ERR_OK);
        ck_assert_int_eq(pool_threads(p), threads);
        for (int pieces = 0; pieces <= 1000; pieces += 125) {
            struct tally t;
            memset(&t, 0, sizeof t);
            ck_assert_int_eq(pool_run(p, pieces, &(struct pool_pieces){count_piece, &t, NULL}, &e),
                             ERR_OK);
            for (int i = 0; i < 1000; i++)
                ck_assert_int_eq(t.count[i], i < pieces);
        }
        pool_free(p);
    }
}
END_TEST

struct many {
    struct pool *pool;
    struct tally tally;
};

static void *run_many(void *arg)
{
    struct many *m = arg;
    for (int round = 0; round < 200; round++)
        pool_run(m->pool, 1 + round % 7, &(struct pool_pieces){count_piece, &m->tally, NULL}, NULL);
    return NULL;
}

START_TEST(serves_many_callers_at_once)
{
    enum { CALLERS = 16 };
    struct pool *p = NULL;
    ck_assert_int_eq(pool_new(3, &p, NULL), ERR_OK);
    static struct many m[CALLERS];
    pthread_t thread[CALLERS];
    for (int k = 0; k < CALLERS; k++) {
        m[k].pool = p;
        pthread_create(&thread[k], NULL, run_many, &m[k]);
    }
    for (int k = 0; k < CALLERS; k++)
        pthread_join(thread[k], NULL);
    for (int k = 0; k < CALLERS; k++)
        for (int i = 0; i < 7; i++) /* piece i runs in rounds whose remainder is at least i */
            ck_assert_int_eq(m[k].tally.count[i],
                             200 / 7 * (7 - i) + (200 % 7 > i ? 200 % 7 - i : 0));
    pool_free(p);
}
END_TEST

START_TEST(shares_account_for_their_own_pieces)
{
    struct pool *p = NULL, *share = NULL;
    const struct pool_claim claim = {0, 1};
    struct tally t = {0};
    ck_assert_int_eq(pool_new(2, &p, NULL), ERR_OK);
    ck_assert_int_eq(pool_share(p, &claim, &share, NULL), ERR_OK);
    ck_assert_int_eq(pool_threads(share), 2);
    ck_assert_int_eq(pool_run(share, 1000, &(struct pool_pieces){count_piece, &t, NULL}, NULL),
                     ERR_OK);
    ck_assert(pool_used_ns(share) > 0);
    ck_assert(pool_used_ns(p) == 0);
    pool_free(share);
    ck_assert_int_eq(pool_run(p, 1000, &(struct pool_pieces){count_piece, &t, NULL}, NULL), ERR_OK);
    pool_free(p);
}
END_TEST

struct fill {
    size_t bytes;
};

static void fill_scratch(void *arg, int i, void *scratch)
{
    const struct fill *f = arg;
    memset(scratch, i, f->bytes); /* a sanitizer reports an access that is wrong */
}

static void *fill_for_long(void *arg)
{
    struct fill f = {1000};
    for (int i = 0; i < 200; i++)
        pool_run(arg, 20, &(struct pool_pieces){fill_scratch, &f, NULL}, NULL);
    return NULL;
}

START_TEST(scratch_grows_while_others_run)
{
    struct pool *p = NULL;
    pthread_t other;
    ck_assert_int_eq(pool_new(4, &p, NULL), ERR_OK);
    ck_assert_int_eq(pool_reserve(p, 1000, NULL), ERR_OK);
    pthread_create(&other, NULL, fill_for_long, p);
    for (size_t bytes = 500; bytes < 200000; bytes += 5000) {
        struct fill f = {bytes};
        ck_assert_int_eq(pool_reserve(p, bytes, NULL), ERR_OK);
        ck_assert_int_eq(pool_run(p, 20, &(struct pool_pieces){fill_scratch, &f, NULL}, NULL),
                         ERR_OK);
    }
    pthread_join(other, NULL);
    pool_free(p);
}
END_TEST

START_TEST(fewer_workers_do_every_piece_and_keep_less_memory)
{
    static struct tally t;
    struct pool *p = NULL;
    ck_assert_int_eq(pool_new(128, &p, NULL), ERR_OK);
    ck_assert_int_eq(pool_reserve(p, 4096, NULL), ERR_OK);
    for (int threads = 128; threads >= 1; threads /= 5) {
        pool_shrink(p, threads);
        ck_assert_int_eq(pool_threads(p), threads);
        ck_assert_uint_eq(pool_scratch_bytes(p), 4096 * (size_t)threads);
        memset(&t, 0, sizeof t);
        ck_assert_int_eq(pool_run(p, 1000, &(struct pool_pieces){count_piece, &t, NULL}, NULL),
                         ERR_OK);
        for (int i = 0; i < 1000; i++)
            ck_assert_int_eq(t.count[i], 1);
    }
    ck_assert_int_eq(pool_reserve(p, 8192, NULL), ERR_OK);
    ck_assert_uint_eq(pool_scratch_bytes(p), 8192);
    pool_free(p);
}
END_TEST

START_TEST(failed_allocations_leave_it_whole)
{
    for (long n = 0;; n++) {
        struct pool *p = NULL;
        struct err e = ERR_INIT;
        mem_fail_nth(n);
        enum err_code rc = pool_new(2, &p, &e);
        if (rc == ERR_OK)
            rc = pool_reserve(p, 100, &e);
        mem_fail_nth(-1);
        if (p) {
            struct pool *share = NULL;
            struct fill f = {100};
            mem_fail_nth(0);
            ck_assert_int_eq(pool_share(p, &(struct pool_claim){0, 1}, &share, NULL), ERR_MEMORY);
            mem_fail_nth(-1);
            ck_assert_int_eq(pool_reserve(p, 100, NULL), ERR_OK);
            ck_assert_int_eq(pool_run(p, 5, &(struct pool_pieces){fill_scratch, &f, NULL}, NULL),
                             ERR_OK);
        }
        pool_free(p);
        if (rc == ERR_OK)
            return;
        ck_assert_int_eq(rc, ERR_MEMORY);
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pool");
    TCase *c = tcase_create("pool");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, does_each_piece_once);
    tcase_add_test(c, serves_many_callers_at_once);
    tcase_add_test(c, shares_account_for_their_own_pieces);
    tcase_add_test(c, scratch_grows_while_others_run);
    tcase_add_test(c, fewer_workers_do_every_piece_and_keep_less_memory);
    tcase_add_test(c, failed_allocations_leave_it_whole);
    suite_add_tcase(s, c);
    return harness_run(s);
}
