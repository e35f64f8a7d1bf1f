/* http_server.c - libmicrohttpd's callbacks, and its start and end. See http.h. */
#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "server/base/list.h"
#include "server/http/http.h"
#include "server/http/http_accept.h"
#include "server/http/http_log.h"
#include "server/http/http_reload.h"
#include "server/http/http_request.h"
#include "server/http/http_watchdog.h"

struct http {
    struct http_shared shared; /* first: callbacks get its address */
    struct acceptor acceptor;
};

static struct MHD_Response *make_response(struct http_request *request)
{
    struct reply *r = &request->answer.reply;
    if (request->answer.events) {
        struct MHD_Response *stream = http_events_response(request->answer.events);
        if (stream)
            request->answer.events = NULL; /* the response owns it now */
        return stream;
    }
    struct MHD_Response *response =
        r->release
            ? MHD_create_response_from_buffer_with_free_callback(r->length, r->body, r->release)
            : MHD_create_response_from_buffer(r->length, r->body, MHD_RESPMEM_PERSISTENT);
    if (response)
        r->release = NULL; /* the response owns the body now */
    return response;
}

/* The options in the Connection lines of the request. They are words, which cannot be quoted: the
 * library sees `close` behind a quotation mark, too, and closes. */
struct connection_options {
    bool close, keep_alive;
};

static enum MHD_Result add_options(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct connection_options *options = arg;
    struct list_item item;
    (void)kind;
    while (value && strcasecmp(name, "Connection") == 0 && list_next_word(&value, &item)) {
        options->close |= item.length == 5 && strncasecmp(item.start, "close", 5) == 0;
        options->keep_alive |= item.length == 10 && strncasecmp(item.start, "keep-alive", 10) == 0;
    }
    return MHD_YES;
}

/* Whether the connection ends with the answer to this request: because the server says so, or by
 * the rules of RFC 9112, section 9.3. */
static bool is_last(const struct http_request *r)
{
    struct connection_options options = {false, false};
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, add_options, &options);
    return r->answer.reply.close || atomic_load(&r->shared->service->draining) || options.close ||
           !(r->interim || options.keep_alive);
}

static enum MHD_Result answer(struct http_request *r)
{
    struct http_shared *shared = r->shared;
    bool last = is_last(r);
    r->state = REQUEST_READY;
    enum conn_phase phase =
        r->answer.events ? conns_begin_stream(&shared->conns, r->conn)
                         : conns_begin_reply(&shared->conns, r->conn, r->answer.reply.length);
    if (phase != CONN_REPLY)
        return MHD_NO;
    struct MHD_Response *response = make_response(r);
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_YES;
    if (r->answer.reply.type)
        ok = MHD_add_response_header(response, "Content-Type", r->answer.reply.type);
    if (ok && r->answer.reply.policy)
        ok = MHD_add_response_header(response, "Content-Security-Policy", r->answer.reply.policy);
    for (int i = 0; ok && i < r->answer.reply.header_count; i++)
        ok = MHD_add_response_header(response, r->answer.reply.headers[i].name,
                                     reply_header_value(&r->answer.reply.headers[i]));
    if (last)
        conns_close(&shared->conns, r->conn);
    if (ok && last)
        ok = MHD_add_response_header(response, "Connection", "close");
    if (ok)
        ok = MHD_queue_response(r->connection, (unsigned)r->answer.reply.status, response);
    r->answer.queued = ok == MHD_YES;
    MHD_destroy_response(response);
    return ok;
}

static enum MHD_Result answer_error(struct http_request *r, const struct err *e)
{
    reply_error(&r->answer.reply, e);
    return answer(r);
}

/* Begins to discard the rest of the body, within bounds. The library takes a reply only before the
 * body or after it. */
static void begin_drain(struct http_request *r)
{
    http_body_release(r);
    conns_hurry(&r->shared->conns, r->conn, &r->verdict,
                r->shared->service->options->drain_timeout * 1000);
}

static bool awaits_continue(struct http_request *r)
{
    const char *expect = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Expect");
    return expect && strcasecmp(expect, "100-continue") == 0;
}

/* Whether only the library knows where this request ends: it accepts bare line feeds in chunks. The
 * connection then ends with the answer, so that nothing hidden inside is read as the next request.
 * Libraries from 1.0 on are strict, but one rule for all is simpler to rely on. */
static bool has_doubtful_end(const struct http_request *r, const char *method)
{
    bool takes_body = strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    return r->framing.chunked || (takes_body && r->framing.length == 0);
}

static enum MHD_Result on_head(struct http_request *r, const struct http_line *line)
{
    struct err e = ERR_INIT;
    enum err_code rc = http_request_head(r, line, &e);
    bool has_body = http_has_body(&r->framing);
    if (has_doubtful_end(r, line->method))
        r->answer.reply.close = true;
    if (rc != ERR_OK && has_body && awaits_continue(r)) {
        r->answer.reply.close = true; /* the client may still send the body */
        return answer_error(r, &e);
    }
    if (!has_body) {
        if (rc != ERR_OK)
            reply_error(&r->answer.reply, &e);
        /* The library closes the connection after a reply that is queued in this call. It keeps the
         * connection open if the reply is queued in the next call. */
        if (rc != ERR_OK || r->state != REQUEST_RELOAD)
            r->state = REQUEST_READY;
        return r->answer.reply.close && r->state == REQUEST_READY ? answer(r) : MHD_YES;
    }
    r->state = REQUEST_BODY;
    r->verdict = e;
    conns_begin_body(&r->shared->conns, r->conn);
    if (rc != ERR_OK)
        begin_drain(r);
    return MHD_YES;
}

static enum MHD_Result on_piece(struct http_request *r, const char *bytes, size_t count)
{
    struct http_shared *shared = r->shared;
    const struct options *o = shared->service->options;
    enum conn_phase phase = conns_moved(&shared->conns, r->conn, count);
    if (phase != CONN_BODY)
        return phase == CONN_LINGER ? MHD_YES : MHD_NO;
    if (r->verdict.code == ERR_OK) {
        if (http_body_take(r, bytes, count, &r->verdict) != ERR_OK)
            begin_drain(r);
        return MHD_YES;
    }
    r->upload.drained += count;
    if (r->upload.drained > (uint64_t)o->drain_bytes)
        conns_answer_raw(&shared->conns, r->conn, o->drain_timeout * 1000);
    return MHD_YES;
}

static enum MHD_Result on_end(struct http_request *r)
{
    struct err e = ERR_INIT;
    if (r->verdict.code != ERR_OK)
        return answer_error(r, &r->verdict);
    if (http_body_end(r, &e) != ERR_OK)
        return answer_error(r, &e);
    if (r->upload.estimates) {
        http_estimate(r);
        return answer(r);
    }
    return http_work(r, &e) == ERR_OK ? MHD_YES : answer_error(r, &e);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *count, void **context)
{
    struct http_request *r = *context;
    const struct http_line line = {url, method, version};
    (void)arg, (void)connection;
    if (!r)
        return MHD_NO; /* not enough memory */
    switch (r->state) {
    case REQUEST_HEAD:
        return on_head(r, &line);
    case REQUEST_BODY:
        if (*count == 0)
            return on_end(r);
        if (on_piece(r, bytes, *count) == MHD_NO)
            return MHD_NO;
        *count = 0;
        return MHD_YES;
    case REQUEST_RELOAD:
        http_reload(r);
        return MHD_YES;
    case REQUEST_READY:
        return answer(r);
    }
    return MHD_NO;
}

static struct conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct door *door = arg;
    struct conns *conns = door->acceptor->conns;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        door_begun(door);
        *context = info ? conns_add(conns, info->connect_fd, door->address) : NULL;
    } else {
        if (*context)
            conns_remove(conns, *context);
        *context = NULL;
        door_ended(door);
    }
}

/* The library calls this when a request begins. */
static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct http_shared *shared = arg;
    struct conn *conn = conn_of(connection);
    if (!conn)
        return NULL;
    struct http_request *r = http_request_new(shared, connection, conn, target);
    if (!r)
        return NULL;
    conns_begin(&shared->conns, conn, r->client.our_id, &r->job.cancel);
    http_client_address(r); /* that of the peer, until the head names another */
    return r;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct http_shared *shared = arg;
    struct http_request *r = *context;
    if (!r)
        return;
    *context = NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
    struct http_end end = {
        .said = conns_end(&shared->conns, r->conn),
        .status = info ? (int)info->http_status : 0,
        .whole = why == MHD_REQUEST_TERMINATED_COMPLETED_OK,
    };
    http_log(r, &end);
    http_request_free(r);
}

enum err_code http_new(struct service *s, struct http **out, struct err *e)
{
    struct http *h = mem_calloc(1, sizeof *h);
    if (!h)
        return err_set(e, ERR_MEMORY, "no memory for the HTTP server");
    h->shared.service = s;
    conns_init(&h->shared.conns, s);
    enum err_code rc = acceptor_init(&h->acceptor, &h->shared.conns, e);
    if (rc == ERR_OK)
        rc = watchdog_start(&h->shared.conns, e);
    if (rc == ERR_OK)
        rc = http_events_new(s->progress, &h->shared.events, e);
    if (rc != ERR_OK) {
        http_free(h);
        return rc;
    }
    *out = h;
    return ERR_OK;
}

/* Returns the timeout of the library itself. The library closes a connection without an answer if
 * no byte has moved for that long, so this is longer than every timeout of the watchdog. */
static unsigned inactivity_s(const struct options *o)
{
    int64_t most = o->idle_timeout + o->header_timeout;
    if (most < o->body_timeout)
        most = o->body_timeout;
    if (most < o->write_timeout)
        most = o->write_timeout;
    return (unsigned)most + 1;
}

/* Starts the part of the library that serves the connections of the door. The library divides its
 * own limit among its threads. So the limit lets one thread have all connections, and one more that
 * it is closing. */
static enum err_code serve_door(struct http *h, struct door *door, struct err *e)
{
    const struct options *o = h->shared.service->options;
    /* the library warns about a pool of one thread; without a pool it has one thread, too */
    unsigned threads =
        o->http_threads < o->connections ? (unsigned)o->http_threads : (unsigned)o->connections;
    struct MHD_OptionItem pool_size[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    errno = 0;
    door->library = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
            MHD_USE_NO_LISTEN_SOCKET,
        0, NULL, NULL, on_request, h, MHD_OPTION_CONNECTION_TIMEOUT, inactivity_s(o),
        MHD_OPTION_CONNECTION_LIMIT, (door->most + 1) * threads, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        conns_library_bytes(o), MHD_OPTION_NOTIFY_CONNECTION, on_connection, door,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_URI_LOG_CALLBACK, on_target, h,
        MHD_OPTION_ARRAY, pool_size, MHD_OPTION_END);
    return door->library ? ERR_OK
                         : err_set(e, ERR_IO, "the HTTP library could not be started: %s",
                                   errno ? strerror(errno) : "it does not say why");
}

enum err_code http_serve(struct http *h, struct listeners *l, struct err *e)
{
    unsigned most = (unsigned)h->shared.service->options->connections;
    for (int i = 0; i < l->count; i++) {
        struct listener *from = &l->list[i];
        struct door *door = acceptor_add(&h->acceptor, from->fd, from->inherited, most);
        from->fd = -1;
        enum err_code rc = serve_door(h, door, e);
        if (rc != ERR_OK)
            return rc;
    }
    return acceptor_start(&h->acceptor, e);
}

/* The order matters: the library aborts if it is stopped while a connection is suspended. */
void http_drain(struct http *h, int64_t timeout_ms)
{
    struct conns *conns = &h->shared.conns;
    const struct timespec moment = {0, 20 * 1000000L};
    atomic_store(&h->shared.service->draining, true); /* replies say `Connection: close` */
    acceptor_stop(&h->acceptor);
    nanosleep(&moment, NULL); /* until the library has reported the last connections */
    conns_drain(conns, clock_ms() + timeout_ms);
    jobs_close(h->shared.service->jobs);
    while (conns_working(conns)) { /* a cancelled job ends within one band */
        conns_cancel(conns);
        nanosleep(&moment, NULL);
    }
    http_events_stop(h->shared.events);
    conns_drain(conns, clock_ms() + 1000); /* their answers are on the way */
    conns_shut(conns);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    http_events_stop(h->shared.events);
    acceptor_stop(&h->acceptor);
    for (int i = 0; i < h->acceptor.count; i++)
        if (h->acceptor.doors[i].library)
            MHD_stop_daemon(h->acceptor.doors[i].library);
    acceptor_done(&h->acceptor);
    http_events_free(h->shared.events);
    watchdog_stop(&h->shared.conns);
    conns_done(&h->shared.conns);
    mem_free(h);
}
