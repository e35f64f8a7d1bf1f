/* turns.c - see turns.h. */
#include "server/work/turns.h"

#include <stdlib.h>

#include "engine/base/mem.h"

enum { LONG_MS = 1000 };

bool turns_is_long(double expected_ms)
{
    return expected_ms >= LONG_MS;
}

int turns_long_places(int running)
{
    return running - running / 4;
}

/* Returns the expected time divided by the weight, at least 1 ms. */
static double length_of(const struct job *job)
{
    double length = job->expected_ms / (job->weight > 0 ? job->weight : 1);
    return length > 1 ? length : 1;
}

static double response_ratio(const struct job *job, int64_t now_ms)
{
    double length = length_of(job);
    return ((double)(now_ms - job->queued_ms) + length) / length;
}

static bool has_place(const struct job *job, const struct turns *t)
{
    return !turns_is_long(job->expected_ms) || t->long_places > 0;
}

/* Whether a job that finds too little memory is no longer passed over. */
static bool is_aged(const struct job *job, const struct turns *t)
{
    return t->now_ms - job->queued_ms >= t->patience_ms;
}

struct job **turns_next(struct job **first, const struct turns *t)
{
    struct job **best = NULL;
    double highest = 0;
    for (struct job **at = first; *at; at = &(*at)->next) {
        double ratio = response_ratio(*at, t->now_ms);
        if (!has_place(*at, t))
            continue;
        if ((*at)->bytes > t->memory_bytes) {
            if (is_aged(*at, t))
                return NULL;
            continue;
        }
        if (!best || ratio > highest) {
            best = at;
            highest = ratio;
        }
    }
    return best;
}

struct turn {
    double ratio;
    struct job *job; /* NULL once its place is set */
    int64_t aged[2]; /* most memory of an aged job from here on: [short, long] */
};

static int by_ratio(const void *one, const void *other)
{
    const struct turn *a = one, *b = other;
    if (a->ratio != b->ratio)
        return a->ratio > b->ratio ? -1 : 1;
    return a->job->number < b->job->number ? -1 : 1;
}

static void find_aged(struct turn *turns, int count, const struct turns *t)
{
    int64_t most[2] = {0, 0};
    for (int i = count - 1; i >= 0; i--) {
        const struct job *job = turns[i].job;
        bool is_long = turns_is_long(job->expected_ms);
        if (is_aged(job, t) && job->bytes > most[is_long])
            most[is_long] = job->bytes;
        turns[i].aged[0] = most[0];
        turns[i].aged[1] = most[1];
    }
}

/* The places that were given so far. */
struct places {
    int count;
    double before_ms;
};

static void give_place(struct places *p, struct turn *turn)
{
    struct job *job = turn->job;
    job->place = (struct job_place){++p->count, p->before_ms};
    p->before_ms += job->expected_ms;
    turn->job = NULL;
}

/* Gives places in the order of turns_next. The memory of a job is not free for the jobs after it.
 * So a job that cannot begin in its turn cannot begin later either. It does not hold others back:
 * either it is young, or it is long and there is no place for a long job. */
static void place_those_that_can_begin(struct turn *turns, int count, struct turns left,
                                       struct places *p)
{
    for (int i = 0; i < count; i++) {
        const struct job *job = turns[i].job;
        if (turns[i].aged[0] > left.memory_bytes ||
            (left.long_places > 0 && turns[i].aged[1] > left.memory_bytes))
            return;
        if (!has_place(job, &left) || job->bytes > left.memory_bytes)
            continue;
        left.memory_bytes -= job->bytes;
        left.long_places -= turns_is_long(job->expected_ms);
        give_place(p, &turns[i]);
    }
}

void turns_arrange(struct job *first, int count, const struct turns *t)
{
    struct turn *turns = mem_calloc((size_t)count + 1, sizeof *turns);
    struct places p = {0, 0};
    if (!turns)
        return;
    for (int i = 0; i < count; i++, first = first->next)
        turns[i] = (struct turn){response_ratio(first, t->now_ms), first, {0, 0}};
    qsort(turns, (size_t)count, sizeof *turns, by_ratio);
    find_aged(turns, count, t);
    place_those_that_can_begin(turns, count, *t, &p);
    for (int i = 0; i < count; i++)
        if (turns[i].job)
            give_place(&p, &turns[i]);
    mem_free(turns);
}
