/* budget.h - the memory that requests may use together, and what they use it for.
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
    BUDGET_CONNECTIONS, /* each open one, idle or not */
    BUDGET_BODIES,
    BUDGET_WORK,
    BUDGET_REPLIES,
    BUDGET_SCRATCH, /* growth of the workers' buffers, which never shrink */
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
 * whether it did. */
bool budget_take(struct budget *b, enum budget_use use, int64_t bytes);

/* What all uses together may still take. */
int64_t budget_free(struct budget *b);

/* Takes `bytes` that are in use already, even beyond the limit. Others then get less. */
void budget_charge(struct budget *b, enum budget_use use, int64_t bytes);

void budget_give(struct budget *b, enum budget_use use, int64_t bytes);

/* Raises a use that never shrinks to `bytes`. */
void budget_grow(struct budget *b, enum budget_use use, int64_t bytes);

/* The most that this use can have: half of the budget for bodies, all of it for one request. */
int64_t budget_most(struct budget *b, enum budget_use use);

/* Copies `used`, all of one moment, and returns the sum. */
int64_t budget_look(struct budget *b, int64_t used[BUDGET_USES]);

#endif
