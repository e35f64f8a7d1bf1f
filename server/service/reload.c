/* reload.c - see reload.h. */
#include "server/service/reload.h"

#include <signal.h>

void reload_init(struct reload *r, struct service *s)
{
    *r = (struct reload){.service = s, .thread = pthread_self()};
    pthread_mutex_init(&r->lock, NULL);
}

enum err_code reload_ask(struct reload *r, struct reload_waiter *w, struct err *e)
{
    pthread_mutex_lock(&r->lock);
    bool closed = r->closed;
    if (!closed) {
        w->next = r->first;
        r->first = w;
    }
    pthread_mutex_unlock(&r->lock);
    if (closed)
        return err_set(e, ERR_DRAINING, "the server is shutting down");
    pthread_kill(r->thread, SIGHUP);
    return ERR_OK;
}

static struct reload_waiter *take_all(struct reload *r, bool close)
{
    pthread_mutex_lock(&r->lock);
    struct reload_waiter *all = r->first;
    r->first = NULL;
    r->closed = r->closed || close;
    pthread_mutex_unlock(&r->lock);
    return all;
}

static void tell(struct reload_waiter *w, const struct err *why)
{
    while (w) {
        struct reload_waiter *next = w->next; /* `done` may free w */
        w->done(w, why);
        w = next;
    }
}

static enum err_code load(struct service *s, struct err *e)
{
    struct model_list *models = NULL;
    struct keys_table *keys = NULL;
    enum err_code rc = models_prepare(s->models, &models, e);
    if (rc == ERR_OK && s->keys)
        rc = keys_prepare(s->keys, &keys, e);
    if (rc != ERR_OK) {
        models_discard(models);
        return rc;
    }
    models_commit(s->models, models);
    if (keys)
        keys_commit(s->keys, keys);
    return ERR_OK;
}

enum err_code reload_run(struct reload *r, struct err *e)
{
    struct err why = ERR_INIT;
    struct reload_waiter *waiters = take_all(r, false);
    enum err_code rc = load(r->service, &why);
    tell(waiters, &why);
    return rc == ERR_OK ? ERR_OK : err_set(e, rc, "%s", why.text);
}

void reload_close(struct reload *r)
{
    struct err why = ERR_INIT;
    err_set(&why, ERR_DRAINING, "the server is shutting down");
    tell(take_all(r, true), &why);
}
