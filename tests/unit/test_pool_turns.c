/* test_pool_turns.c - the order in which the pieces of several runs begin, and the pieces that a
 * cancelled run skips. */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

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

/* A poster of many pieces. The gate lets the test hold the only worker inside the first piece. */
struct poster {
    sem_t begun, gate;
    atomic_int done;
};

static void poster_piece(void *arg, int i, void *scratch)
{
    struct poster *poster = arg;
    (void)scratch;
    if (i == 0) {
        sem_post(&poster->begun);
        sem_wait(&poster->gate);
    }
    atomic_fetch_add(&poster->done, 1);
}

struct poster_run {
    struct pool *pool;
    struct poster poster;
    atomic_bool cancel;
    enum err_code rc;
};

static void *run_poster(void *arg)
{
    struct poster_run *r = arg;
    r->rc =
        pool_run(r->pool, 1000, &(struct pool_pieces){poster_piece, &r->poster, &r->cancel}, NULL);
    return NULL;
}

static void hold_worker(struct poster_run *r, pthread_t *thread)
{
    memset(r, 0, sizeof *r);
    ck_assert_int_eq(pool_new(1, &r->pool, NULL), ERR_OK);
    sem_init(&r->poster.begun, 0, 0);
    sem_init(&r->poster.gate, 0, 0);
    pthread_create(thread, NULL, run_poster, r);
    sem_wait(&r->poster.begun);
}

struct thumbnail {
    struct poster *poster;
    int poster_done; /* pieces of the poster done when the thumbnail's only piece ran */
};

static void thumbnail_piece(void *arg, int i, void *scratch)
{
    struct thumbnail *t = arg;
    (void)i;
    (void)scratch;
    t->poster_done = atomic_load(&t->poster->done);
}

static void *run_thumbnail(void *arg)
{
    void **both = arg;
    pool_run(both[0], 1, &(struct pool_pieces){thumbnail_piece, both[1], NULL}, NULL);
    return NULL;
}

/* Returns how many pieces of a poster were done when a thumbnail got its turn that came during the
 * first piece. */
static int thumbnail_after(void)
{
    static struct poster_run r;
    pthread_t poster, small;
    hold_worker(&r, &poster);
    struct thumbnail t = {&r.poster, -1};
    void *both[] = {r.pool, &t};
    pthread_create(&small, NULL, run_thumbnail, both);
    for (int i = 0; i < 1000; i++)
        sched_yield(); /* lets the thumbnail's thread reach the pool */
    sem_post(&r.poster.gate);
    pthread_join(small, NULL);
    pthread_join(poster, NULL);
    ck_assert_int_eq(r.poster.done, 1000);
    pool_free(r.pool);
    return t.poster_done;
}

START_TEST(thumbnail_waits_for_one_more_piece_of_a_poster)
{
    /* These are the running piece and the one whose turn it was. Nothing tells when the thumbnail
     * is in the queue, so it may be late in some rounds. If it were served in order of arrival, it
     * would see 1000 every time. */
    int least = 1000;
    for (int round = 0; round < 50 && least > 2; round++) {
        int after = thumbnail_after();
        least = after < least ? after : least;
    }
    ck_assert_int_le(least, 2);
}
END_TEST

START_TEST(cancel_skips_what_has_not_begun)
{
    static struct poster_run r;
    pthread_t poster;
    hold_worker(&r, &poster);
    atomic_store(&r.cancel, true);
    sem_post(&r.poster.gate);
    pthread_join(poster, NULL);
    ck_assert_int_eq(r.rc, ERR_CANCELLED);
    ck_assert_int_eq(r.poster.done, 1);
    struct tally t;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(pool_run(r.pool, 10, &(struct pool_pieces){count_piece, &t, NULL}, NULL),
                     ERR_OK);
    pool_free(r.pool);
}
END_TEST

/* Runs of one piece, one after another, until the test stops them. */
struct stream {
    struct pool *pool;
    atomic_bool *stop;
    atomic_int pieces;
};

static void stream_piece(void *arg, int i, void *scratch)
{
    struct stream *s = arg;
    (void)i;
    (void)scratch;
    atomic_fetch_add(&s->pieces, 1);
}

static void *run_stream(void *arg)
{
    struct stream *s = arg;
    while (!atomic_load(s->stop))
        pool_run(s->pool, 1, &(struct pool_pieces){stream_piece, s, NULL}, NULL);
    return NULL;
}

START_TEST(short_runs_do_not_starve_a_long_one)
{
    enum { STREAMS = 8, PIECES = 500 };
    static struct stream streams[STREAMS];
    static struct tally t;
    pthread_t thread[STREAMS];
    struct pool *p = NULL;
    atomic_bool stop = false;
    ck_assert_int_eq(pool_new(2, &p, NULL), ERR_OK);
    for (int i = 0; i < STREAMS; i++) {
        streams[i] = (struct stream){.pool = p, .stop = &stop};
        pthread_create(&thread[i], NULL, run_stream, &streams[i]);
    }
    /* this run ends only if it gets turns while the others never stop */
    ck_assert_int_eq(pool_run(p, PIECES, &(struct pool_pieces){count_piece, &t, NULL}, NULL),
                     ERR_OK);
    atomic_store(&stop, true);
    for (int i = 0; i < STREAMS; i++)
        pthread_join(thread[i], NULL);
    pool_free(p);
}
END_TEST

/* Shares that wait behind a worker that is held. Each piece records its share. */
enum { QUEUED_MAX = 3, ORDER_MAX = 400 };

struct queued {
    struct pool *share;
    atomic_bool cancel;
    atomic_int *at;
    char *order, name;
    int pieces;
    enum err_code rc;
};

static void queued_piece(void *arg, int i, void *scratch)
{
    struct queued *q = arg;
    (void)i;
    (void)scratch;
    q->order[atomic_fetch_add(q->at, 1)] = q->name;
}

static void *run_queued(void *arg)
{
    struct queued *q = arg;
    q->rc = pool_run(q->share, q->pieces, &(struct pool_pieces){queued_piece, q, &q->cancel}, NULL);
    return NULL;
}

struct wanted {
    struct pool_claim claim;
    int pieces;
};

/* Runs the shares a, b, c.. together and returns the order in which their pieces began. Those in
 * `cancelled` are cancelled before they begin. */
static const char *order_of(const struct wanted *wanted, int count, const char *cancelled)
{
    static struct poster_run r;
    static struct queued queued[QUEUED_MAX];
    static char order[ORDER_MAX + 1];
    pthread_t poster, thread[QUEUED_MAX];
    atomic_int at = 0;
    memset(order, 0, sizeof order);
    hold_worker(&r, &poster);
    atomic_store(&r.cancel, true); /* only the piece of the poster that holds the worker is done */
    for (int i = 0; i < count; i++) {
        queued[i] = (struct queued){
            .at = &at, .order = order, .name = (char)('a' + i), .pieces = wanted[i].pieces};
        atomic_store(&queued[i].cancel, strchr(cancelled, queued[i].name) != NULL);
        ck_assert_int_eq(pool_share(r.pool, &wanted[i].claim, &queued[i].share, NULL), ERR_OK);
        pthread_create(&thread[i], NULL, run_queued, &queued[i]);
    }
    while (pool_waiting(r.pool) < count + 1)
        sched_yield();
    sem_post(&r.poster.gate);
    for (int i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_int_eq(queued[i].rc, atomic_load(&queued[i].cancel) ? ERR_CANCELLED : ERR_OK);
        pool_free(queued[i].share);
    }
    pthread_join(poster, NULL);
    pool_free(r.pool);
    return order;
}

START_TEST(least_left_goes_first)
{
    const struct wanted wanted[] = {{{3e12, 1}, 2}, {{1e12, 1}, 2}, {{2e12, 1}, 2}};
    ck_assert_str_eq(order_of(wanted, 3, ""), "bbccaa");
}
END_TEST

START_TEST(weight_divides_what_is_left)
{
    const struct wanted wanted[] = {{{3e12, 1}, 2}, {{3e12, 4}, 2}, {{3e12, 2}, 2}};
    ck_assert_str_eq(order_of(wanted, 3, ""), "bbccaa");
}
END_TEST

START_TEST(every_eighth_piece_goes_to_the_longest_wait)
{
    const struct wanted wanted[] = {{{1e15, 1}, 40}, {{1e12, 1}, 280}};
    const char *order = order_of(wanted, 2, "");
    int large = 0;
    for (int i = 0; i < 240; i++) {
        large += order[i] == 'a';
        ck_assert_msg(large <= i / 8 + 1 && large >= i / 8 - 1, "%s", order);
    }
}
END_TEST

START_TEST(cancelled_runs_end_before_any_other_piece)
{
    const struct wanted wanted[] = {{{1e15, 1}, 300}, {{1e12, 1}, 3}};
    ck_assert_str_eq(order_of(wanted, 2, "a"), "bbb");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pool_turns");
    TCase *c = tcase_create("pool_turns");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, thumbnail_waits_for_one_more_piece_of_a_poster);
    tcase_add_test(c, cancel_skips_what_has_not_begun);
    tcase_add_test(c, short_runs_do_not_starve_a_long_one);
    tcase_add_test(c, least_left_goes_first);
    tcase_add_test(c, weight_divides_what_is_left);
    tcase_add_test(c, every_eighth_piece_goes_to_the_longest_wait);
    tcase_add_test(c, cancelled_runs_end_before_any_other_piece);
    suite_add_tcase(s, c);
    return harness_run(s);
}
