/* pool.h - worker threads that share their time fairly among the requests in progress.
 *
 * A request calls pool_run from a thread of its own, which sleeps while the workers do the pieces.
 * Workers take pieces of the run whose request has the least work left; runs with equal work left
 * alternate. Every eighth piece goes to the run that has waited longest. So a small picture takes
 * about its own time beside a large one, and the large one finishes however many small ones arrive.
 * Pieces should take less than about 10 ms. Only workers compute: there are never more busy threads
 * than the pool has.
 *
 * Passing each step of a short request between threads would take longer than the work itself.
 * pool_run_task runs such a request as one piece.
 *
 * Each worker owns a scratch block, as large as the largest pool_reserve so far. So the memory for
 * working buffers is the number of threads times the largest model, however many requests there
 * are.
 *
 * Threads: any but the workers, which may call the pool only within a task. */
#ifndef UPSCALED_BASE_POOL_H
#define UPSCALED_BASE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/err.h"

struct pool;

/* Does piece `i` of the work that `arg` describes. `scratch` is the worker's own block:
 * uninitialised, aligned to MEM_ALIGN, and private until the function returns. It must not call the
 * pool. */
typedef void pool_piece(void *arg, int i, void *scratch);

/* Starts `threads` (1..1024) workers, in which all signals are blocked. On ERR_OK the caller owns
 * *out (pool_free). ERR_MEMORY. */
enum err_code pool_new(int threads, struct pool **out, struct err *e);
void pool_free(struct pool *p); /* NULL is fine; no run may be in progress */

/* Ends all workers but `threads` (at least 1, and at most as many as there are), and frees their
 * scratch. No run may be in progress, and no share may exist. */
void pool_shrink(struct pool *p, int threads);

/* Returns the number of workers; 1 for the pool of a task. */
int pool_threads(const struct pool *p);

/* The time that a request is expected to need, which decides when it is served. */
struct pool_claim {
    double expected_ns; /* processor time, over all workers; 0 when nothing is known */
    double weight;      /* above 0; the work that is left is divided by it */
};

/* Makes a share of the pool: the same workers, with an account of its own for one request. A share
 * can be used wherever a pool can. The caller owns *out (pool_free, before `p` is freed).
 * ERR_MEMORY. */
enum err_code pool_share(struct pool *p, const struct pool_claim *claim, struct pool **out,
                         struct err *e);

/* Returns how many calls of pool_run, over all shares, have pieces that have not begun. */
int pool_waiting(struct pool *p);

/* Returns the processor time that the workers have spent on pieces of this share, in nanoseconds.
 * Within a task only differences are meaningful, and they include the piece that is running. */
double pool_used_ns(struct pool *p);

/* Makes every worker's scratch at least `bytes` for the runs that start after this returns. It may
 * be called while other runs are in progress. After ERR_MEMORY nothing has changed. */
enum err_code pool_reserve(struct pool *p, size_t bytes, struct err *e);

/* Returns the bytes of scratch of all workers together. */
size_t pool_scratch_bytes(struct pool *p);

/* The pieces of a run: each calls piece(arg, i, scratch). */
struct pool_pieces {
    pool_piece *piece;
    void *arg;
    const atomic_bool *cancel; /* or NULL */
};

/* Does pieces 0..pieces-1, each once and in parallel. They begin in order, so a piece may wait for
 * what one before it does. Returns ERR_OK when all are done. When *cancel becomes true, pieces that
 * have not begun are skipped, and the result is ERR_CANCELLED. There are no other errors. */
enum err_code pool_run(struct pool *p, int pieces, const struct pool_pieces *run, struct err *e);

/* Runs a whole request as one piece. `alone` is a pool of the one thread that the task runs on:
 * pool_run does its pieces at once, on that thread. The task must not use another pool. */
typedef void pool_task(void *arg, struct pool *alone);

/* Whether the request of this share should run as a task: it is expected to be too short to divide,
 * or there are as many requests as threads and it is short enough for one piece. False if the
 * share's claim does not say how long the request takes. */
bool pool_prefers_task(struct pool *p);

/* Calls task(arg, alone) on a worker when its turn has come. Returns ERR_OK when the task is done,
 * and ERR_CANCELLED if *cancel became true before the task began. The calls of pool_run within the
 * task check their own `cancel`. */
enum err_code pool_run_task(struct pool *p, pool_task *task, void *arg, const atomic_bool *cancel,
                            struct err *e);

#endif
