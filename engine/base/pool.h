/* pool.h - resident worker threads that share their time fairly among the requests in work.
 *
 * A request calls pool_run from a thread of its own, which sleeps while the workers do the pieces.
 * Of all waiting runs, workers take a piece of the one whose request has least left to do, and
 * those with as much in turn; but every eighth piece is of the run that has waited longest. So a
 * thumbnail finishes in about its own time beside a poster, and the poster finishes however many
 * thumbnails come; keep pieces under some 10 ms. Only workers compute, so there are never more busy
 * threads than the pool has, however many requests there are.
 *
 * A short request whose every step met its caller would spend more time on meetings than on work.
 * It runs whole, as one piece: pool_task.
 *
 * Each worker owns a scratch block, as large as the largest pool_reserve so far: memory for
 * working buffers is threads x largest model, whatever the number of requests. */
#ifndef UPSCALED_BASE_POOL_H
#define UPSCALED_BASE_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "engine/base/err.h"

struct pool;

/* Does piece `i` of what `arg` describes. `scratch` is the worker's own block: uninitialised,
 * aligned to MEM_ALIGN, private for the length of the call. Must not call the pool. */
typedef void pool_piece(void *arg, int i, void *scratch);

/* Starts `threads` (1..1024) workers; all signals are blocked in them. */
enum err_code pool_new(int threads, struct pool **out, struct err *e);
void pool_free(struct pool *p); /* NULL is fine; no run may be under way */
int pool_threads(const struct pool *p);

/* What a request is thought to need, so that it can be served in its turn. */
struct pool_claim {
    double expected_ns; /* of a worker, in all; 0 when nothing is known */
    double weight;      /* above 0: as though it had so many times less to do */
};

/* The same workers, under a request's own account: whatever takes a pool takes a share. The caller
 * owns *out (pool_free, before that of `p`). ERR_MEMORY. */
enum err_code pool_share(struct pool *p, const struct pool_claim *claim, struct pool **out,
                         struct err *e);

/* How many calls of pool_run, of all shares, have pieces that were not begun. */
int pool_waiting(struct pool *p);

/* Time that workers have spent on pieces of this share. */
double pool_used_ns(struct pool *p);

/* Makes every worker's scratch at least `bytes` for the runs that start after this returns.
 * May be called while others run. On ERR_MEMORY nothing has changed. */
enum err_code pool_reserve(struct pool *p, size_t bytes, struct err *e);

/* What all workers have by that. */
size_t pool_scratch_bytes(struct pool *p);

/* The pieces of a run: each calls piece(arg, i, scratch). */
struct pool_pieces {
    pool_piece *piece;
    void *arg;
    const atomic_bool *cancel; /* or NULL */
};

/* Does pieces 0..pieces-1, each once, in any order and in parallel, and returns when all are done:
 * ERR_OK. When *cancel becomes true, pieces that have not begun are skipped: ERR_CANCELLED, and `e`
 * says so. Never fails otherwise. */
enum err_code pool_run(struct pool *p, int pieces, const struct pool_pieces *run, struct err *e);

/* A whole request as one piece. What it runs on `alone`, a pool of the one thread that it is on, is
 * done on the spot; it must not call any other. */
typedef void pool_task(void *arg, struct pool *alone);

/* Whether the request of this share is better run as a task: it is thought to be shorter than a
 * meeting of threads is worth, or there are as many requests as threads and it is short enough to
 * be a piece. Never where its claim says nothing. */
bool pool_prefers_task(struct pool *p);

/* Calls task(arg, alone) when its turn has come, and returns when it is done: ERR_OK. ERR_CANCELLED
 * when *cancel became true before that; within the task, pool_run looks at what it is given. */
enum err_code pool_run_task(struct pool *p, pool_task *task, void *arg, const atomic_bool *cancel,
                            struct err *e);

#endif
