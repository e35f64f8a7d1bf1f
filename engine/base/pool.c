/* pool.c - a ring of runs, one mutex, and workers that take a piece from each run in turn. */
#include "engine/base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "engine/base/mem.h"

/* One call of pool_run; lives on its caller's stack until `open` and `busy` say that it is over. */
struct run {
    pool_piece *piece;
    void *arg;
    const atomic_bool *cancel;
    int pieces;
    int begun;
    int busy; /* begun and not yet finished */
    bool skipped;
    struct run *next, *prev; /* in the ring, while pieces are left to begin */
    pthread_cond_t finished;
};

struct worker {
    struct pool *pool;
    pthread_t thread;
    void *scratch; /* touched by the worker alone */
    void *spare;   /* a larger block that waits for the worker to change over; under the mutex */
};

struct pool {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct run *turn; /* whose piece is next; NULL when nothing waits */
    bool stopping;
    int threads;
    struct worker *workers;
    pthread_mutex_t reserving;
    size_t scratch_bytes; /* under `reserving` */
};

static void ring_insert(struct pool *p, struct run *r)
{
    if (!p->turn) {
        r->next = r->prev = r;
        p->turn = r;
        return;
    }
    /* at the end of the round: in front of it, a stream of newcomers would starve the old */
    r->next = p->turn;
    r->prev = p->turn->prev;
    r->prev->next = r;
    r->next->prev = r;
}

static void ring_remove(struct pool *p, struct run *r)
{
    if (p->turn == r)
        p->turn = r->next == r ? NULL : r->next;
    r->prev->next = r->next;
    r->next->prev = r->prev;
    r->next = r->prev = NULL;
}

static bool run_over(const struct run *r)
{
    return r->begun == r->pieces && r->busy == 0;
}

/* Takes the next piece in turn and gives its number, or drops a cancelled run and gives -1. */
static int begin_piece(struct pool *p, struct run *r)
{
    if (r->cancel && atomic_load_explicit(r->cancel, memory_order_relaxed)) {
        r->skipped = true;
        r->pieces = r->begun;
        ring_remove(p, r);
        if (run_over(r))
            pthread_cond_signal(&r->finished);
        return -1;
    }
    int i = r->begun++;
    r->busy++;
    if (r->begun == r->pieces)
        ring_remove(p, r);
    else
        p->turn = r->next;
    return i;
}

static void take_spare(struct worker *w)
{
    if (w->spare) {
        mem_free(w->scratch);
        w->scratch = w->spare;
        w->spare = NULL;
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct pool *p = w->pool;
    pthread_mutex_lock(&p->mutex);
    for (;;) {
        while (!p->turn && !p->stopping)
            pthread_cond_wait(&p->work, &p->mutex);
        if (!p->turn)
            break;
        struct run *r = p->turn;
        int i = begin_piece(p, r);
        if (i < 0)
            continue;
        take_spare(w);
        pthread_mutex_unlock(&p->mutex);
        r->piece(r->arg, i, w->scratch);
        pthread_mutex_lock(&p->mutex);
        r->busy--;
        if (run_over(r))
            pthread_cond_signal(&r->finished);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

static void stop_workers(struct pool *p, int started)
{
    pthread_mutex_lock(&p->mutex);
    p->stopping = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < started; i++)
        pthread_join(p->workers[i].thread, NULL);
}

static void release(struct pool *p)
{
    for (int i = 0; p->workers && i < p->threads; i++) {
        mem_free(p->workers[i].scratch);
        mem_free(p->workers[i].spare);
    }
    mem_free(p->workers);
    pthread_mutex_destroy(&p->mutex);
    pthread_mutex_destroy(&p->reserving);
    pthread_cond_destroy(&p->work);
    mem_free(p);
}

/* Signals are for the program's own threads to take, never for a worker in mid-pixel. */
static int start_workers(struct pool *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int started = 0;
    while (started < p->threads) {
        struct worker *w = &p->workers[started];
        w->pool = p;
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

enum err_code pool_new(int threads, struct pool **out, struct err *e)
{
    assert(threads >= 1 && threads <= 1024);
    struct pool *p = mem_calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_MEMORY, "out of memory for a thread pool");
    pthread_mutex_init(&p->mutex, NULL);
    pthread_mutex_init(&p->reserving, NULL);
    pthread_cond_init(&p->work, NULL);
    p->threads = threads;
    p->workers = mem_calloc((size_t)threads, sizeof *p->workers);
    if (!p->workers) {
        release(p);
        return err_set(e, ERR_MEMORY, "out of memory for %d threads", threads);
    }
    int started = start_workers(p);
    if (started < threads) {
        stop_workers(p, started);
        release(p);
        return err_set(e, ERR_MEMORY, "only %d of %d threads could be started", started, threads);
    }
    *out = p;
    return ERR_OK;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    assert(!p->turn);
    stop_workers(p, p->threads);
    release(p);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

/* Gives every worker a block of `bytes`, or nobody. Called under `reserving`. */
static enum err_code hand_out(struct pool *p, size_t bytes, struct err *e)
{
    size_t n = (size_t)p->threads;
    void **blocks = mem_calloc(n, sizeof *blocks);
    size_t have = 0;
    while (blocks && have < n && (blocks[have] = mem_alloc(1, bytes)))
        have++;
    if (have < n) {
        while (have > 0)
            mem_free(blocks[--have]);
        mem_free(blocks);
        return err_set(e, ERR_MEMORY, "out of memory for %zu working buffers of %zu bytes", n,
                       bytes);
    }
    pthread_mutex_lock(&p->mutex);
    for (size_t i = 0; i < n; i++) {
        mem_free(p->workers[i].spare);
        p->workers[i].spare = blocks[i];
    }
    pthread_mutex_unlock(&p->mutex);
    mem_free(blocks);
    p->scratch_bytes = bytes;
    return ERR_OK;
}

enum err_code pool_reserve(struct pool *p, size_t bytes, struct err *e)
{
    pthread_mutex_lock(&p->reserving);
    enum err_code rc = bytes > p->scratch_bytes ? hand_out(p, bytes, e) : ERR_OK;
    pthread_mutex_unlock(&p->reserving);
    return rc;
}

enum err_code pool_run(struct pool *p, int pieces, pool_piece *piece, void *arg,
                       const atomic_bool *cancel, struct err *e)
{
    if (pieces <= 0)
        return ERR_OK;
    struct run r = {.piece = piece, .arg = arg, .cancel = cancel, .pieces = pieces};
    pthread_cond_init(&r.finished, NULL);
    pthread_mutex_lock(&p->mutex);
    ring_insert(p, &r);
    if (pieces == 1)
        pthread_cond_signal(&p->work);
    else
        pthread_cond_broadcast(&p->work);
    while (!run_over(&r))
        pthread_cond_wait(&r.finished, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
    pthread_cond_destroy(&r.finished);
    return r.skipped ? err_set(e, ERR_CANCELLED, "the request was cancelled") : ERR_OK;
}
