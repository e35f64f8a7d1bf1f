/* http_request.c - the beginning of a request: judges its head, finds its route and reads its
 * parameters. */
#include "server/http/http_request.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "server/base/list.h"
#include "server/http/http_progress.h"
#include "server/http/request_head.h"

struct http_request *http_request_new(struct http_shared *shared, struct MHD_Connection *connection,
                                      struct conn *conn, const char *target)
{
    struct http_request *r = mem_calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->target = mem_strdup(target);
    if (!r->target) {
        mem_free(r);
        return NULL;
    }
    r->shared = shared;
    r->connection = connection;
    r->conn = conn;
    r->began_ms = clock_ms();
    request_id_make(r->client.our_id);
    reply_init(&r->answer.reply);
    return r;
}

void http_request_free(struct http_request *r)
{
    if (!r)
        return;
    http_progress_leave(r);
    if (r->answer.events)
        http_events_close(r->answer.events);
    http_client_leave(r);
    http_body_done(r);
    buf_done(&r->work.output);
    reply_done(&r->answer.reply);
    if (r->answer.held_bytes > 0) {
        budget_give(&r->shared->service->budget, BUDGET_REPLIES, r->answer.held_bytes);
        jobs_wake(r->shared->service->jobs);
    }
    mem_free(r->target);
    mem_free(r);
}

struct fields {
    struct http_field list[HEAD_READ_MAX];
    size_t count;
    bool too_many;
};

static enum MHD_Result add_field(void *arg, enum MHD_ValueKind kind, const char *name,
                                 size_t name_length, const char *value, size_t value_length)
{
    struct fields *f = arg;
    (void)kind;
    f->too_many = f->count == HEAD_READ_MAX;
    if (f->too_many)
        return MHD_NO;
    f->list[f->count++] = (struct http_field){name, value, name_length, value ? value_length : 0};
    return MHD_YES;
}

/* Judges the head again in the form in which the library read it. The intake and the library must
 * agree. */
static enum err_code filter(struct http_request *r, const struct http_line *line, struct err *e)
{
    struct fields fields = {.count = 0};
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, add_field, &fields);
    if (fields.too_many || atomic_load(&r->conn->intake.heads) == 0)
        return err_set(e, ERR_INTERNAL, "the HTTP library received bytes past recv");
    struct http_head head = {line->method, line->version, r->target, fields.list, fields.count};
    return http_filter(&head, &r->framing, e);
}

struct words {
    struct api_request *api;
    struct err *e;
    enum err_code rc;
};

static bool is_plain(const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (s[i] < 0x20 || s[i] > 0x7e)
            return false;
    return true;
}

static enum MHD_Result add_word(void *arg, enum MHD_ValueKind kind, const char *name,
                                size_t name_length, const char *value, size_t value_length)
{
    struct words *w = arg;
    (void)kind;
    /* This also keeps zero bytes out of strings, and bytes outside ASCII out of the problem's
     * JSON. */
    if (!is_plain(name, name_length) || (value && !is_plain(value, value_length)))
        w->rc = err_set(w->e, ERR_BAD_PARAMETER,
                        "a parameter contains bytes that are not printable ASCII");
    else
        w->rc = api_set(w->api, name, value, w->e);
    return w->rc == ERR_OK ? MHD_YES : MHD_NO;
}

static enum err_code begin_reload(struct http_request *r, struct err *e)
{
    if (http_has_body(&r->framing))
        return err_set(e, ERR_BAD_REQUEST, "this address takes no body");
    r->state = REQUEST_RELOAD;
    return ERR_OK;
}

static enum MHD_Result find_coding(void *arg, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct list_item item, *found = arg;
    (void)kind;
    while (value && strcasecmp(name, "Content-Encoding") == 0 && list_next(&value, ",", &item))
        if (item.length != 8 || strncasecmp(item.start, "identity", 8) != 0) {
            *found = item;
            return MHD_NO;
        }
    return MHD_YES;
}

/* Refuses bodies that are a part of a file (RFC 9110, section 14.5), and coded ones (sections
 * 12.5.3 and 15.5.16). */
static enum err_code check_body_kind(struct http_request *r, struct err *e)
{
    struct list_item coding = {NULL, 0};
    if (MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Range"))
        return err_set(e, ERR_BAD_REQUEST, "the request has a Content-Range; send the whole file");
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, find_coding, &coding);
    if (!coding.start)
        return ERR_OK;
    reply_header(&r->answer.reply, "Accept-Encoding", "identity");
    return err_set(e, ERR_CONTENT_CODING,
                   "the body has the Content-Encoding %.*s; send the file as it is, because a PNG "
                   "is compressed already",
                   (int)(coding.length < 64 ? coding.length : 64), coding.start);
}

static enum err_code begin_upload(struct http_request *r, bool estimates, struct err *e)
{
    struct service *s = r->shared->service;
    enum err_code rc = check_body_kind(r, e);
    if (rc != ERR_OK)
        return rc;
    r->upload.estimates = estimates;
    api_request_init(&r->upload.api, s->options);
    r->upload.begun = true;
    struct words words = {&r->upload.api, e, ERR_OK};
    MHD_get_connection_values_n(r->connection, MHD_GET_ARGUMENT_KIND, add_word, &words);
    rc = words.rc;
    if (rc == ERR_OK)
        rc = api_finish(&r->upload.api, s->models, e);
    if (rc == ERR_OK)
        rc = http_body_begin(r, e);
    if (rc == ERR_OK && !estimates)
        rc = jobs_admit_upload(s->jobs, clock_ms(), e);
    if (rc == ERR_OK)
        rc = http_client_enter(r, e);
    if (rc != ERR_OK)
        return rc;
    if (!estimates)
        http_progress_enter(r);
    r->state = REQUEST_BODY;
    return ERR_OK;
}

/* Answers OPTIONS for the server as a whole (RFC 9110, section 9.3.7). */
static enum err_code answer_star(struct http_request *r)
{
    reply_header(&r->answer.reply, "Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
    r->answer.reply.status = 204;
    r->state = REQUEST_READY;
    return ERR_OK;
}

enum { PATH_BYTES = 256 }; /* more than any route has */

/* Removes one slash from the end of a path. */
static const char *without_slash(const char *url, char path[PATH_BYTES])
{
    size_t length = strlen(url);
    if (length < 2 || length >= PATH_BYTES || url[length - 1] != '/' || url[length - 2] == '/')
        return url;
    memcpy(path, url, length - 1);
    path[length - 1] = '\0';
    return path;
}

enum err_code http_request_head(struct http_request *r, const struct http_line *line, struct err *e)
{
    const struct route *route;
    const char *argument, *method = line->method;
    char path[PATH_BYTES];
    snprintf(r->method, sizeof r->method, "%s", method);
    r->interim = strcmp(line->version, "HTTP/1.1") == 0;
    http_client_choose_id(r);
    enum err_code rc = filter(r, line, e);
    if (rc != ERR_OK) {
        r->framing = (struct http_framing){false, false, 0};
        r->answer.reply.close = true; /* nobody knows where the next request begins */
        return rc;
    }
    http_client_address(r);
    http_client_origin(r);
    if (strcmp(line->url, "*") == 0)
        return answer_star(r);
    rc = route_find(without_slash(line->url, path), method, &route, &argument, e);
    if (rc == ERR_METHOD)
        reply_header(&r->answer.reply, "Allow", "%s", route->methods);
    if (rc != ERR_OK)
        return rc;
    if (strcmp(method, "OPTIONS") == 0) {
        reply_header(&r->answer.reply, "Allow", "%s", route->methods);
        http_client_preflight(r, route);
        r->answer.reply.status = 204;
        r->state = REQUEST_READY;
        return ERR_OK;
    }
    if (!(route->flags & ROUTE_OPEN) && (rc = http_client_key(r, route, e)) != ERR_OK)
        return rc;
    if (route->flags & ROUTE_RELOAD)
        return begin_reload(r, e);
    if (route->flags & ROUTE_PROGRESS)
        return http_progress(r, method, argument, e);
    if (!route->answer)
        return begin_upload(r, route->flags & ROUTE_ESTIMATE, e);
    route->answer(r->shared->service, argument, &r->answer.reply);
    if (route->flags & ROUTE_TAGGED)
        http_client_validate(r);
    r->state = REQUEST_READY;
    return ERR_OK;
}
