/* pool.c - see pool.h. One mutex protects what the workers share; pool_turns.h chooses the next
 * piece. */
#include "engine/base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/base/pool_turns.h"

enum {
    PAUSE_NS = 250000,       /* a caller submits its next step within about a tenth of it */
    SHORT_TASK_NS = 1000000, /* a second thread saves less than a dozen hand-overs cost */
    LONG_TASK_NS = 10000000, /* the longest time that a piece should take */
};

struct worker {
    struct crew *crew;
    pthread_t thread;
    void *scratch; /* used by the worker alone */
    void *spare;   /* a larger block for its next pieces; under the mutex */
    bool ends;     /* when nothing is left to do; under the mutex */
};

/* The workers, which all shares of a pool use. */
struct crew {
    pthread_mutex_t mutex;
    pthread_cond_t work;
    struct pool_turns turns;
    int shares; /* requests in progress, also those between two steps */
    int threads;
    struct worker *workers;
    pthread_mutex_t reserving;
    size_t scratch_bytes; /* under `reserving` */
};

/* A pool or a share of it. The pool owns the crew. */
struct pool {
    struct crew *crew;
    bool is_owner;
    struct worker *worker;       /* for a task: its worker; else NULL */
    struct pool_account account; /* used_ns is under the mutex */
};

static void take_spare(struct worker *w)
{
    if (w->spare) {
        mem_free(w->scratch);
        w->scratch = w->spare;
        w->spare = NULL;
    }
}

/* A request is a chain of steps. Between two steps it has no run in the list, and a long piece of
 * another request would occupy the worker. So the worker waits a moment if the request that it has
 * just served has less work left than all runs in the list. */
static void await_next_step(struct crew *c, double left)
{
    if (!c->turns.first)
        return;
    for (const struct pool_work *r = c->turns.first; r; r = r->next)
        if (pool_account_left(r->account) <= left)
            return;
    struct timespec until = clock_after(PAUSE_NS);
    pthread_cond_timedwait(&c->work, &c->mutex, &until);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct crew *c = w->crew;
    pthread_mutex_lock(&c->mutex);
    for (;;) {
        while (!c->turns.first && !w->ends)
            pthread_cond_wait(&c->work, &c->mutex);
        if (!c->turns.first)
            break;
        struct pool_work *r = pool_turns_choose(&c->turns);
        int i = pool_turns_begin(&c->turns, r);
        if (i < 0)
            continue;
        take_spare(w);
        if (r->alone)
            r->alone->worker = w;
        pthread_mutex_unlock(&c->mutex);
        int64_t from = clock_thread_ns();
        r->piece(r->arg, i, w->scratch);
        double took = (double)(clock_thread_ns() - from);
        pthread_mutex_lock(&c->mutex);
        r->account->used_ns += took;
        r->busy--;
        if (pool_work_over(r)) {
            pthread_cond_signal(&r->finished);
            if (!r->alone)
                await_next_step(c, pool_account_left(r->account));
        }
    }
    pthread_mutex_unlock(&c->mutex);
    return NULL;
}

/* Ends the workers `from` to `to` - 1 when all runs are over, and frees their scratch. */
static void end_workers(struct crew *c, int from, int to)
{
    pthread_mutex_lock(&c->mutex);
    for (int i = from; i < to; i++)
        c->workers[i].ends = true;
    pthread_cond_broadcast(&c->work);
    pthread_mutex_unlock(&c->mutex);
    for (int i = from; i < to; i++) {
        pthread_join(c->workers[i].thread, NULL);
        mem_free(c->workers[i].scratch);
        mem_free(c->workers[i].spare);
    }
}

static void release(struct crew *c)
{
    mem_free(c->workers);
    pthread_mutex_destroy(&c->mutex);
    pthread_mutex_destroy(&c->reserving);
    pthread_cond_destroy(&c->work);
    mem_free(c);
}

/* Starts the workers with all signals blocked, so that other threads of the program handle them.
 * Returns how many workers started. */
static int start_workers(struct crew *c)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int started = 0;
    while (started < c->threads) {
        struct worker *w = &c->workers[started];
        w->crew = c;
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            break;
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

static enum err_code crew_new(int threads, struct crew **out, struct err *e)
{
    pthread_condattr_t clock;
    struct crew *c = mem_calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ERR_MEMORY, "out of memory for a thread pool");
    pthread_mutex_init(&c->mutex, NULL);
    pthread_mutex_init(&c->reserving, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&c->work, &clock);
    pthread_condattr_destroy(&clock);
    c->threads = threads;
    c->workers = mem_calloc((size_t)threads, sizeof *c->workers);
    if (!c->workers) {
        release(c);
        return err_set(e, ERR_MEMORY, "out of memory for %d threads", threads);
    }
    int started = start_workers(c);
    if (started < threads) {
        end_workers(c, 0, started);
        release(c);
        return err_set(e, ERR_MEMORY, "only %d of %d threads could be started", started, threads);
    }
    *out = c;
    return ERR_OK;
}

enum err_code pool_new(int threads, struct pool **out, struct err *e)
{
    assert(threads >= 1 && threads <= 1024);
    struct pool *p = mem_calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_MEMORY, "out of memory for a thread pool");
    enum err_code rc = crew_new(threads, &p->crew, e);
    if (rc != ERR_OK) {
        mem_free(p);
        return rc;
    }
    p->is_owner = true;
    p->account.claim.weight = 1;
    *out = p;
    return ERR_OK;
}

enum err_code pool_share(struct pool *p, const struct pool_claim *claim, struct pool **out,
                         struct err *e)
{
    assert(claim->expected_ns >= 0 && claim->weight > 0);
    struct pool *share = mem_calloc(1, sizeof *share);
    if (!share)
        return err_set(e, ERR_MEMORY, "out of memory for a share of the thread pool");
    share->crew = p->crew;
    share->account.claim = *claim;
    pthread_mutex_lock(&share->crew->mutex);
    share->crew->shares++;
    pthread_mutex_unlock(&share->crew->mutex);
    *out = share;
    return ERR_OK;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    if (p->is_owner) {
        assert(!p->crew->turns.first);
        end_workers(p->crew, 0, p->crew->threads);
        release(p->crew);
    } else {
        pthread_mutex_lock(&p->crew->mutex);
        p->crew->shares--;
        pthread_mutex_unlock(&p->crew->mutex);
    }
    mem_free(p);
}

void pool_shrink(struct pool *p, int threads)
{
    struct crew *c = p->crew;
    assert(p->is_owner && threads >= 1 && threads <= c->threads && c->shares == 0);
    end_workers(c, threads, c->threads);
    c->threads = threads;
}

int pool_threads(const struct pool *p)
{
    return p->worker ? 1 : p->crew->threads;
}

int pool_waiting(struct pool *p)
{
    int count = 0;
    pthread_mutex_lock(&p->crew->mutex);
    for (struct pool_work *r = p->crew->turns.first; r; r = r->next)
        count++;
    pthread_mutex_unlock(&p->crew->mutex);
    return count;
}

double pool_used_ns(struct pool *p)
{
    if (p->worker)
        return (double)clock_thread_ns();
    pthread_mutex_lock(&p->crew->mutex);
    double used = p->account.used_ns;
    pthread_mutex_unlock(&p->crew->mutex);
    return used;
}

/* Gives every worker a new block of `bytes`, or no worker if memory is out. Call it under
 * `reserving`. */
static enum err_code hand_out(struct crew *c, size_t bytes, struct err *e)
{
    size_t n = (size_t)c->threads;
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
    pthread_mutex_lock(&c->mutex);
    for (size_t i = 0; i < n; i++) {
        mem_free(c->workers[i].spare);
        c->workers[i].spare = blocks[i];
    }
    pthread_mutex_unlock(&c->mutex);
    mem_free(blocks);
    c->scratch_bytes = bytes;
    return ERR_OK;
}

enum err_code pool_reserve(struct pool *p, size_t bytes, struct err *e)
{
    struct crew *c = p->crew;
    pthread_mutex_lock(&c->reserving);
    enum err_code rc = bytes > c->scratch_bytes ? hand_out(c, bytes, e) : ERR_OK;
    pthread_mutex_unlock(&c->reserving);
    if (rc == ERR_OK && p->worker) {
        pthread_mutex_lock(&c->mutex);
        take_spare(p->worker);
        pthread_mutex_unlock(&c->mutex);
    }
    return rc;
}

size_t pool_scratch_bytes(struct pool *p)
{
    pthread_mutex_lock(&p->crew->reserving);
    size_t bytes = p->crew->scratch_bytes * (size_t)p->crew->threads;
    pthread_mutex_unlock(&p->crew->reserving);
    return bytes;
}

/* Submits `r`, and waits until the workers have done all of it. */
static enum err_code await(struct crew *c, struct pool_work *r, struct err *e)
{
    pthread_cond_init(&r->finished, NULL);
    pthread_mutex_lock(&c->mutex);
    pool_turns_add(&c->turns, r);
    if (r->pieces == 1)
        pthread_cond_signal(&c->work);
    else
        pthread_cond_broadcast(&c->work);
    while (!pool_work_over(r))
        pthread_cond_wait(&r->finished, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
    pthread_cond_destroy(&r->finished);
    return r->skipped ? err_set(e, ERR_CANCELLED, "the request was cancelled") : ERR_OK;
}

/* Runs the pieces within a task, on the same thread. */
static enum err_code run_here(struct worker *w, const struct pool_work *r, struct err *e)
{
    for (int i = 0; i < r->pieces; i++) {
        if (pool_work_cancelled(r))
            return err_set(e, ERR_CANCELLED, "the request was cancelled");
        r->piece(r->arg, i, w->scratch);
    }
    return ERR_OK;
}

enum err_code pool_run(struct pool *p, int pieces, const struct pool_pieces *run, struct err *e)
{
    if (pieces <= 0)
        return ERR_OK;
    struct pool_work r = {.piece = run->piece,
                          .arg = run->arg,
                          .cancel = run->cancel,
                          .account = &p->account,
                          .pieces = pieces};
    return p->worker ? run_here(p->worker, &r, e) : await(p->crew, &r, e);
}

struct task {
    pool_task *run;
    void *arg;
    struct pool alone; /* its worker is set when the task begins */
};

static void task_piece(void *arg, int i, void *scratch)
{
    struct task *t = arg;
    (void)i;
    (void)scratch; /* pool_run gives it to the pieces of the task */
    t->run(t->arg, &t->alone);
}

enum err_code pool_run_task(struct pool *p, pool_task *task, void *arg, const atomic_bool *cancel,
                            struct err *e)
{
    struct task t = {task, arg, {.crew = p->crew}};
    struct pool_work r = {.piece = task_piece,
                          .arg = &t,
                          .cancel = cancel,
                          .account = &p->account,
                          .alone = &t.alone,
                          .pieces = 1};
    return await(p->crew, &r, e);
}

bool pool_prefers_task(struct pool *p)
{
    double expected = p->account.claim.expected_ns;
    pthread_mutex_lock(&p->crew->mutex);
    bool busy = p->crew->shares >= p->crew->threads;
    pthread_mutex_unlock(&p->crew->mutex);
    return expected > 0 && expected <= (busy ? LONG_TASK_NS : SHORT_TASK_NS);
}
