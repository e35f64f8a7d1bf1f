/* http_reload.c - see http_reload.h. */
#include "server/http/http_reload.h"

#include <microhttpd.h>
#include <stddef.h>

#include "server/base/json_text.h"
#include "server/http/http_request.h"

static void count(void *arg, const struct model *model)
{
    (void)model;
    ++*(int *)arg;
}

static void on_done(struct reload_waiter *w, const struct err *why)
{
    struct http_request *r =
        (struct http_request *)(void *)((char *)w - offsetof(struct http_request, waiter));
    const struct service *s = r->shared->service;
    int models = 0;
    models_each(s->models, count, &models);
    if (why->code == ERR_OK)
        reply_owned(&r->answer.reply, 200, "application/json",
                    json_text(json_pack("{s:i, s:i}", "models", models, "keys",
                                        s->keys ? keys_count(s->keys) : 0),
                              0));
    else
        reply_error(&r->answer.reply, why);
    MHD_resume_connection(r->connection);
}

void http_reload(struct http_request *r)
{
    struct err e = ERR_INIT;
    r->state = REQUEST_READY;
    r->waiter.done = on_done;
    if (conns_enter(&r->shared->conns, r->conn, CONN_WORK, 0) != CONN_WORK)
        return;
    MHD_suspend_connection(r->connection);
    if (reload_ask(r->shared->service->reload, &r->waiter, &e) == ERR_OK)
        return;
    reply_error(&r->answer.reply, &e);
    MHD_resume_connection(r->connection);
}
