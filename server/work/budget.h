/* budget.h - who holds how much of the memory that requests may have together.
 *
 * A request's body is charged as it arrives, the memory to work on it when it begins to, the
 * finished reply until it is sent. Bodies may have half of all, so that there is always room to
 * work on one of them. Threads: any. */
#ifndef UPSCALED_SERVER_WORK_BUDGET_H
#define UPSCALED_SERVER_WORK_BUDGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum budget_use {
    BUDGET_CONNECTIONS, /* what each open one needs, whatever comes by it */
    BUDGET_BODIES,
    BUDGET_WORK,
    BUDGET_REPLIES,
    BUDGET_SCRATCH, /* what the workers' own buffers have grown by; they never shrink */
    BUDGET_USES
};

struct budget {
    pthread_mutex_t lock;
    int64_t limit;
    int64_t used[BUDGET_USES];
};

extern const char *const budget_names[BUDGET_USES];

void budget_init(struct budget *b, int64_t limit);
void budget_done(struct budget *b);

/* Takes `bytes` where all uses together stay within the limit, and bodies within their half. */
bool budget_take(struct budget *b, enum budget_use use, int64_t bytes);

/* What all uses together may still take. */
int64_t budget_free(struct budget *b);

/* Takes `bytes` that are in use already, whatever the limit says: others then get less. */
void budget_charge(struct budget *b, enum budget_use use, int64_t bytes);

void budget_give(struct budget *b, enum budget_use use, int64_t bytes);

/* Of a use that only grows: it has `bytes` now. */
void budget_grow(struct budget *b, enum budget_use use, int64_t bytes);

/* The most that bodies, or one request, can have. */
int64_t budget_most(struct budget *b, enum budget_use use);

/* A consistent view of `used`; the sum. */
int64_t budget_look(struct budget *b, int64_t used[BUDGET_USES]);

#endif
