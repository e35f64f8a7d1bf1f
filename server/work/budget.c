/* budget.c - see budget.h. */
#include "server/work/budget.h"

#include <assert.h>
#include <string.h>

const char *const budget_names[BUDGET_USES] = {"connections", "bodies", "work", "replies",
                                               "scratch"};

void budget_init(struct budget *b, int64_t limit)
{
    memset(b, 0, sizeof *b);
    pthread_mutex_init(&b->lock, NULL);
    b->limit = limit;
}

void budget_done(struct budget *b)
{
    pthread_mutex_destroy(&b->lock);
}

static int64_t sum(const struct budget *b)
{
    int64_t all = 0;
    for (int i = 0; i < BUDGET_USES; i++)
        all += b->used[i];
    return all;
}

/* Call it under the lock. */
static int64_t most_now(const struct budget *b, enum budget_use use)
{
    int64_t limit = b->limit - b->used[BUDGET_SCRATCH];
    return use == BUDGET_BODIES ? limit / 2 : limit;
}

int64_t budget_most(struct budget *b, enum budget_use use)
{
    pthread_mutex_lock(&b->lock);
    int64_t most = most_now(b, use);
    pthread_mutex_unlock(&b->lock);
    return most;
}

/* Call it under the lock. */
static bool fits_now(const struct budget *b, enum budget_use use, int64_t bytes)
{
    return bytes <= b->limit - sum(b) && bytes <= most_now(b, use) - b->used[use];
}

int64_t budget_free(struct budget *b)
{
    pthread_mutex_lock(&b->lock);
    int64_t bytes = b->limit - sum(b);
    pthread_mutex_unlock(&b->lock);
    return bytes;
}

bool budget_take(struct budget *b, enum budget_use use, int64_t bytes)
{
    pthread_mutex_lock(&b->lock);
    bool fits = fits_now(b, use, bytes);
    if (fits)
        b->used[use] += bytes;
    pthread_mutex_unlock(&b->lock);
    return fits;
}

void budget_charge(struct budget *b, enum budget_use use, int64_t bytes)
{
    pthread_mutex_lock(&b->lock);
    b->used[use] += bytes;
    pthread_mutex_unlock(&b->lock);
}

void budget_grow(struct budget *b, enum budget_use use, int64_t bytes)
{
    pthread_mutex_lock(&b->lock);
    if (b->used[use] < bytes)
        b->used[use] = bytes;
    pthread_mutex_unlock(&b->lock);
}

void budget_give(struct budget *b, enum budget_use use, int64_t bytes)
{
    pthread_mutex_lock(&b->lock);
    assert(b->used[use] >= bytes);
    b->used[use] -= bytes;
    pthread_mutex_unlock(&b->lock);
}

int64_t budget_look(struct budget *b, int64_t used[BUDGET_USES])
{
    pthread_mutex_lock(&b->lock);
    memcpy(used, b->used, sizeof b->used);
    int64_t all = sum(b);
    pthread_mutex_unlock(&b->lock);
    return all;
}
