/* http_client.c - see http_client.h. */
#include "server/http/http_client.h"

#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#include "engine/base/clock.h"
#include "server/answer/cors.h"
#include "server/answer/etag.h"
#include "server/http/http_request.h"

enum {
    FORWARDED_MAX = 512,
    FREE_ESTIMATE = 4096, /* an estimate is not counted if its body has no more bytes than this */
};

static const char *value_of(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

void http_client_choose_id(struct http_request *r)
{
    const char *asked = value_of(r, "X-Request-ID");
    if (asked && request_id_is_plain(asked)) {
        strcpy(r->client.their_id, asked);
        conns_name(&r->shared->conns, r->conn, r->client.their_id);
    }
    reply_header(&r->answer.reply, "X-Request-ID", "%s", http_client_id(&r->client));
}

/* Several X-Forwarded-For lines form one list (RFC 9110, section 5.3). Its last FORWARDED_MAX bytes
 * are kept. */
struct forwarded {
    char text[FORWARDED_MAX];
    size_t length;
};

static enum MHD_Result add_forwarded(void *arg, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct forwarded *f = arg;
    (void)kind;
    if (!value || strcasecmp(name, "X-Forwarded-For") != 0)
        return MHD_YES;
    size_t count = strlen(value), most = sizeof f->text - 2;
    if (count > most) {
        value += count - most;
        count = most;
    }
    size_t keep = f->length < most - count ? f->length : most - count;
    memmove(f->text, f->text + f->length - keep, keep);
    f->text[keep] = ',';
    memcpy(f->text + keep + 1, value, count);
    f->length = keep + 1 + count;
    f->text[f->length] = '\0';
    return MHD_YES;
}

void http_client_address(struct http_request *r)
{
    struct forwarded forwarded = {.length = 0};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, add_forwarded, &forwarded);
    proxies_client(&r->shared->service->proxies, info ? info->client_addr : NULL, forwarded.text,
                   r->client.address);
}

void http_client_origin(struct http_request *r)
{
    const char *origin = value_of(r, "Origin");
    cors_apply(&r->answer.reply, r->shared->service->options->cors_origin, origin);
    conns_origin(&r->shared->conns, r->conn, origin); /* for answers that bypass the library */
}

void http_client_preflight(struct http_request *r, const struct route *route)
{
    if (value_of(r, "Access-Control-Request-Method"))
        cors_preflight(&r->answer.reply, r->shared->service->options->cors_origin,
                       value_of(r, "Origin"), route->methods);
}

void http_client_validate(struct http_request *r)
{
    etag_apply(&r->answer.reply, value_of(r, "If-None-Match"));
}

/* One blank or more follow the scheme (RFC 9110, section 11.4). */
static const char *presented_key(const struct http_request *r)
{
    static const char scheme[] = "Bearer ";
    const char *line = value_of(r, "Authorization");
    if (line && strncasecmp(line, scheme, sizeof scheme - 1) == 0)
        return line + strspn(line + sizeof scheme - 1, " ") + sizeof scheme - 1;
    return value_of(r, "X-API-Key");
}

enum err_code http_client_key(struct http_request *r, const struct route *route, struct err *e)
{
    struct keys *keys = r->shared->service->keys;
    if (!keys)
        return route->flags & ROUTE_ADMIN
                   ? err_set(e, ERR_KEY, "this address needs the key of an admin (--api-keys)")
                   : ERR_OK;
    enum err_code rc = keys_find(keys, presented_key(r), &r->client.key, e);
    if (rc == ERR_NO_KEY)
        reply_header(&r->answer.reply, "WWW-Authenticate", "Bearer realm=\"upscaled\"");
    if (rc == ERR_OK && route->flags & ROUTE_ADMIN && !key_is_admin(keys, r->client.key))
        rc = err_set(e, ERR_KEY, "the key %s is not an admin's", key_name(r->client.key));
    return rc;
}

enum err_code http_client_enter(struct http_request *r, struct err *e)
{
    struct keys *keys = r->shared->service->keys;
    int retry_s;
    if (!r->client.key ||
        (r->upload.estimates && !r->framing.chunked && r->framing.length <= FREE_ESTIMATE))
        return ERR_OK;
    enum err_code rc = r->upload.estimates
                           ? key_enter_unrated(keys, r->client.key, &retry_s, e)
                           : key_enter(keys, r->client.key, clock_ms(), &retry_s, e);
    if (rc == ERR_OK)
        r->client.entered = true;
    else
        reply_header(&r->answer.reply, "Retry-After", "%d", retry_s);
    return rc;
}

enum err_code http_client_would_enter(struct http_request *r, struct err *e)
{
    struct keys *keys = r->shared->service->keys;
    return r->client.key ? key_would_enter(keys, r->client.key, r->client.entered, clock_ms(), e)
                         : ERR_OK;
}

void http_client_leave(struct http_request *r)
{
    struct keys *keys = r->shared->service->keys;
    if (r->client.entered)
        key_leave(keys, r->client.key);
    if (r->client.key)
        key_release(keys, r->client.key);
}
