/* budget.h - the memory that all requests together may use, in bytes, and what they use it for.
 *
 * A request is charged for its body as it arrives, for its working memory when it begins, and for
 * its reply until that is sent. Bodies may use half of the budget, so that there is always room to
 * work on one of them. Threads: any. */
#ifndef UPSCALED_SERVER_WORK_BUDGET_H
#define UPSCALED_SERVER_WORK_BUDGET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum budget_use {
    BUDGET_CONNECTIONS, /* each open connection, idle or not */
    BUDGET_BODIES,
    BUDGET_WORK,
    BUDGET_REPLIES,
    BUDGET_SCRATCH, /* the growth of the workers' buffers, which never shrink */
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

/* Takes `bytes` if all uses together stay within the limit, and bodies within their half. Returns
 * whether it took them. */
bool budget_take(struct budget *b, enum budget_use use, int64_t bytes);

/* Returns the bytes that all uses together may still take; negative beyond the limit. */
int64_t budget_free(struct budget *b);

/* Takes `bytes` that are already in use, even beyond the limit. Other requests then get less. */
void budget_charge(struct budget *b, enum budget_use use, int64_t bytes);

/* Returns `bytes` that this use took. */
void budget_give(struct budget *b, enum budget_use use, int64_t bytes);

/* Raises a use that never shrinks to `bytes`, unless it is larger. */
void budget_grow(struct budget *b, enum budget_use use, int64_t bytes);

/* Returns the most that this use can ever have: half of the budget for bodies, all of it for one
 * request. Scratch is subtracted first. */
int64_t budget_most(struct budget *b, enum budget_use use);

/* Copies `used` as it is at one moment, and returns the sum. */
int64_t budget_look(struct budget *b, int64_t used[BUDGET_USES]);

#endif
