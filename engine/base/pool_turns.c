/* pool_turns.c - see pool_turns.h. */
#include "engine/base/pool_turns.h"

enum {
    AGED_EVERY = 8, /* every AGED_EVERYth piece goes to the run that has waited longest */
    OVERRUN = 8,    /* past its expected time, a request is taken to need 1/8 of what it used */
};

void pool_turns_add(struct pool_turns *t, struct pool_work *r)
{
    r->stamp = ++t->stamp;
    r->prev = NULL;
    r->next = t->first;
    if (r->next)
        r->next->prev = r;
    t->first = r;
}

static void list_remove(struct pool_turns *t, struct pool_work *r)
{
    if (r->prev)
        r->prev->next = r->next;
    else
        t->first = r->next;
    if (r->next)
        r->next->prev = r->prev;
}

double pool_account_left(const struct pool_account *a)
{
    double left = a->claim.expected_ns - a->used_ns;
    if (left < a->used_ns / OVERRUN)
        left = a->used_ns / OVERRUN;
    return left / a->claim.weight;
}

bool pool_work_cancelled(const struct pool_work *r)
{
    return r->cancel && atomic_load_explicit(r->cancel, memory_order_relaxed);
}

struct pool_work *pool_turns_choose(struct pool_turns *t)
{
    bool aged = t->count++ % AGED_EVERY == AGED_EVERY - 1;
    struct pool_work *best = t->first;
    double least = pool_account_left(best->account);
    for (struct pool_work *r = best; r; r = r->next) {
        double left = pool_account_left(r->account);
        if (pool_work_cancelled(r))
            return r;
        if (aged || left == least ? r->stamp < best->stamp : left < least) {
            best = r;
            least = left;
        }
    }
    return best;
}

bool pool_work_over(const struct pool_work *r)
{
    return r->begun == r->pieces && r->busy == 0;
}

int pool_turns_begin(struct pool_turns *t, struct pool_work *r)
{
    if (pool_work_cancelled(r)) {
        r->skipped = true;
        r->pieces = r->begun;
        list_remove(t, r);
        if (pool_work_over(r))
            pthread_cond_signal(&r->finished);
        return -1;
    }
    int i = r->begun++;
    r->busy++;
    r->stamp = ++t->stamp;
    if (r->begun == r->pieces)
        list_remove(t, r);
    return i;
}
