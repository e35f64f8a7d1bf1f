/* pool_turns.h - chooses the run whose piece is next: the one with the least work left or, at
 * times, the one that has waited longest. Only pool.c uses it. Threads: the caller holds the pool's
 * mutex. */
#ifndef UPSCALED_BASE_POOL_TURNS_H
#define UPSCALED_BASE_POOL_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/pool.h"

/* The time that a request was expected to need, and the time that it has used. */
struct pool_account {
    struct pool_claim claim;
    double used_ns;
};

/* A call of pool_run, on its caller's stack. pool_work_over says when it is over. */
struct pool_work {
    pool_piece *piece;
    void *arg;
    const atomic_bool *cancel;
    struct pool_account *account;
    struct pool *alone; /* for a task: the pool whose worker is set when it runs; else NULL */
    int pieces;
    int begun;
    int busy; /* pieces that have begun and not finished */
    bool skipped;
    uint64_t stamp;                /* when the run last had a turn, or arrived */
    struct pool_work *next, *prev; /* in the list, while pieces are left to begin */
    pthread_cond_t finished;
};

/* The runs with pieces to begin. */
struct pool_turns {
    struct pool_work *first;
    uint64_t stamp; /* stamp of the latest turn or arrival */
    unsigned count;
};

void pool_turns_add(struct pool_turns *t, struct pool_work *r);

/* Returns the work that is left, in nanoseconds, divided by the account's weight. */
double pool_account_left(const struct pool_account *a);

/* Returns the run whose piece is next; there must be a run. Runs with equal work left alternate.
 * Cancelled runs are chosen at once, so that they end. */
struct pool_work *pool_turns_choose(struct pool_turns *t);

/* Takes the run's next piece and returns its number, or drops a cancelled run and returns -1. */
int pool_turns_begin(struct pool_turns *t, struct pool_work *r);

bool pool_work_over(const struct pool_work *r);
bool pool_work_cancelled(const struct pool_work *r);

#endif
