/* progress.c - see progress.h. */
#include "server/work/progress.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/access/keys.h"
#include "server/base/json_text.h"

struct ticket {
    char id[PROGRESS_ID_MAX + 1], owner[KEY_NAME_MAX + 1];
    enum progress_state state;
    double fraction;
    double expected_s; /* of the whole work: at first as expected, then by the work that is done */
    int64_t began_ms, work_ms;
    uint64_t number;     /* number of its job */
    atomic_bool *cancel; /* NULL once the request has ended */
    int holders;
    struct ticket *next, **link; /* links in the table, until the request ends */
};

struct progress {
    pthread_mutex_t lock;
    struct jobs *queue;
    struct ticket *first; /* the latest request first */
};

bool progress_is_final(enum progress_state state)
{
    return state >= PROGRESS_DONE;
}

enum err_code progress_new(struct jobs *queue, struct progress **out, struct err *e)
{
    struct progress *p = mem_calloc(1, sizeof *p);
    if (!p)
        return err_set(e, ERR_MEMORY, "no memory for the table of requests");
    pthread_mutex_init(&p->lock, NULL);
    p->queue = queue;
    *out = p;
    return ERR_OK;
}

void progress_free(struct progress *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

struct ticket *progress_enter(struct progress *p, const char *id, const char *owner,
                              atomic_bool *cancel, int64_t now_ms)
{
    struct ticket *t = mem_calloc(1, sizeof *t);
    if (!t)
        return NULL;
    snprintf(t->id, sizeof t->id, "%s", id);
    snprintf(t->owner, sizeof t->owner, "%s", owner);
    t->cancel = cancel;
    t->began_ms = now_ms;
    t->holders = 1;
    pthread_mutex_lock(&p->lock);
    t->next = p->first;
    t->link = &p->first;
    if (t->next)
        t->next->link = &t->next;
    p->first = t;
    pthread_mutex_unlock(&p->lock);
    return t;
}

void progress_wait(struct progress *p, struct ticket *t, uint64_t number, double expected_s)
{
    if (!t)
        return;
    pthread_mutex_lock(&p->lock);
    t->state = PROGRESS_WAITING;
    t->number = number;
    t->expected_s = expected_s;
    pthread_mutex_unlock(&p->lock);
}

void progress_work(struct progress *p, struct ticket *t, int64_t now_ms)
{
    if (!t)
        return;
    pthread_mutex_lock(&p->lock);
    t->state = PROGRESS_WORKING;
    t->work_ms = now_ms;
    pthread_mutex_unlock(&p->lock);
}

void progress_move(struct progress *p, struct ticket *t, double fraction, int64_t now_ms)
{
    static const double enough = 0.02;
    if (!t)
        return;
    pthread_mutex_lock(&p->lock);
    t->fraction = fraction;
    if (fraction >= enough)
        t->expected_s = (double)(now_ms - t->work_ms) / 1000 / fraction;
    pthread_mutex_unlock(&p->lock);
}

/* Call it under the lock. Returns whether the last holder is gone. */
static bool let_go(struct ticket *t)
{
    return --t->holders == 0;
}

void progress_leave(struct progress *p, struct ticket *t, enum progress_state how)
{
    if (!t)
        return;
    pthread_mutex_lock(&p->lock);
    t->state = how;
    if (how == PROGRESS_DONE)
        t->fraction = 1;
    t->cancel = NULL;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    bool last = let_go(t);
    pthread_mutex_unlock(&p->lock);
    if (last)
        mem_free(t);
}

enum err_code progress_find(struct progress *p, const char *id, const char *owner,
                            struct ticket **out, struct err *e)
{
    if (*owner == 0 && strlen(id) < PROGRESS_ID_LEAST)
        return err_set(e, ERR_NO_ROUTE,
                       "without a key only requests whose X-Request-ID has %d characters or more "
                       "are shown",
                       PROGRESS_ID_LEAST);
    pthread_mutex_lock(&p->lock);
    struct ticket *t = p->first;
    while (t && (strcmp(t->id, id) != 0 || strcmp(t->owner, owner) != 0))
        t = t->next;
    if (t)
        t->holders++;
    pthread_mutex_unlock(&p->lock);
    if (!t)
        return err_set(e, ERR_NO_ROUTE, "no request with this id is in progress on this server");
    *out = t;
    return ERR_OK;
}

void progress_release(struct progress *p, struct ticket *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&p->lock);
    bool last = let_go(t);
    pthread_mutex_unlock(&p->lock);
    if (last)
        mem_free(t);
}

void progress_cancel(struct progress *p, struct ticket *t)
{
    pthread_mutex_lock(&p->lock);
    if (t->cancel)
        atomic_store(t->cancel, true);
    pthread_mutex_unlock(&p->lock);
}

/* Call it under the lock. Returns the seconds that a running request still needs. They only become
 * fewer until more of the work is done. Negative: not known, or the expected time has passed. */
static double left_s(const struct ticket *t, int64_t now_ms)
{
    double worked_s = (double)(now_ms - t->work_ms) / 1000;
    if (t->fraction >= 1)
        return 0;
    return t->expected_s > worked_s ? t->expected_s - worked_s : -1;
}

/* Call it under the lock. For a waiting request, the result leaves out the requests that wait
 * before it. */
static double expected_s(const struct progress *p, const struct ticket *t, int64_t now_ms)
{
    if (t->state == PROGRESS_DONE)
        return 0;
    if (t->state == PROGRESS_WORKING)
        return left_s(t, now_ms);
    if (t->state != PROGRESS_WAITING || t->expected_s <= 0)
        return -1;
    double sum = t->expected_s;
    for (const struct ticket *other = p->first; other; other = other->next) {
        double left = other->state == PROGRESS_WORKING ? left_s(other, now_ms) : 0;
        sum += left > 0 ? left : 0;
    }
    return sum;
}

/* Adds the place in the queue. The caller does not hold our lock, because the queue calls us under
 * its own. A request that has left the queue in between is shown as the first. */
static void add_place(const struct progress *p, uint64_t number, int64_t now_ms,
                      struct progress_view *v)
{
    struct job_place place = jobs_place(p->queue, number, now_ms);
    v->position = place.position > 0 ? place.position : 1;
    if (v->expected_s >= 0)
        v->expected_s += place.before_ms / 1000;
}

void progress_look(struct progress *p, const struct ticket *t, int64_t now_ms,
                   struct progress_view *out)
{
    pthread_mutex_lock(&p->lock);
    uint64_t number = t->number;
    *out = (struct progress_view){
        .state = t->state,
        .fraction = t->fraction,
        .elapsed_s = (double)(now_ms - t->began_ms) / 1000,
        .expected_s = expected_s(p, t, now_ms),
    };
    memcpy(out->id, t->id, sizeof out->id);
    pthread_mutex_unlock(&p->lock);
    if (out->state == PROGRESS_WAITING)
        add_place(p, number, now_ms, out);
}

static double rounded(double value, double steps)
{
    return floor(value * steps + 0.5) / steps;
}

char *progress_json(const struct progress_view *v)
{
    static const char *const states[] = {"receiving", "waiting", "working",
                                         "done",      "failed",  "cancelled"};
    json_t *o = json_pack("{s:s, s:s, s:i, s:f, s:f, s:n}", "id", v->id, "state", states[v->state],
                          "position", v->position, "fraction", rounded(v->fraction, 1000),
                          "elapsed_seconds", rounded(v->elapsed_s, 10), "expected_seconds");
    if (v->expected_s >= 0)
        json_put(&o, "expected_seconds", json_real(rounded(v->expected_s, 10)));
    return json_text(o, 0);
}
