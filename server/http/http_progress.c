/* http_progress.c - see http_progress.h. */
#include "server/http/http_progress.h"

#include <microhttpd.h>
#include <string.h>

#include "engine/base/clock.h"
#include "server/http/http_request.h"

static const char *owner_of(const struct http_request *r)
{
    return r->client.key ? key_name(r->client.key) : "";
}

void http_progress_enter(struct http_request *r)
{
    r->ticket = progress_enter(r->shared->service->progress, http_client_id(&r->client),
                               owner_of(r), &r->job.cancel, clock_ms());
}

void http_progress_leave(struct http_request *r)
{
    enum progress_state how = PROGRESS_FAILED;
    if (r->answer.reply.status == 200)
        how = PROGRESS_DONE;
    else if (r->answer.reply.status == 409 ||
             (r->answer.reply.status == 0 && atomic_load(&r->job.cancel))) /* in its body */
        how = PROGRESS_CANCELLED;
    progress_leave(r->shared->service->progress, r->ticket, how);
    r->ticket = NULL;
}

static bool wants_events(const struct http_request *r)
{
    const char *accept = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Accept");
    return accept && strstr(accept, "text/event-stream");
}

static void show(struct http_request *r, const struct ticket *t)
{
    struct progress_view v;
    progress_look(r->shared->service->progress, t, clock_ms(), &v);
    reply_owned(&r->answer.reply, 200, "application/json", progress_json(&v));
}

enum err_code http_progress(struct http_request *r, const char *method, const char *id,
                            struct err *e)
{
    struct progress *p = r->shared->service->progress;
    struct ticket *t;
    enum err_code rc = progress_find(p, id, owner_of(r), &t, e);
    if (rc != ERR_OK)
        return rc;
    reply_header(&r->answer.reply, "Cache-Control", "no-store");
    if (strcmp(method, "GET") == 0 && wants_events(r)) {
        r->answer.reply.status = 200;
        r->answer.reply.type = "text/event-stream";
        reply_header(&r->answer.reply, "X-Accel-Buffering",
                     "no"); /* nginx must not hold events back */
        return http_events_open(r->shared->events, t, r->connection, &r->answer.events, e);
    }
    if (strcmp(method, "DELETE") == 0) {
        progress_cancel(p, t);
        r->answer.reply.status = 204;
    } else {
        show(r, t);
    }
    progress_release(p, t);
    return ERR_OK;
}
