/* http_raw.c - see http_raw.h. */
#include "server/http/http_raw.h"

#include <sys/socket.h>

#include "server/answer/cors.h"
#include "server/answer/reply.h"

enum { REPLY_RAW_MAX = 8192 };

static void tell_timeout(const struct options *o, struct conn *conn)
{
    if (conn->phase == CONN_BODY)
        err_set_limit(&conn->verdict, ERR_TIMEOUT, "body-timeout", (uint64_t)o->body_timeout,
                      "the body did not arrive within %lld s, nor at %lld bytes a second "
                      "(--body-timeout, --min-rate)",
                      (long long)o->body_timeout, (long long)o->min_rate);
    else
        err_set_limit(&conn->verdict, ERR_TIMEOUT, "header-timeout", (uint64_t)o->header_timeout,
                      "the headers did not arrive within %lld s (--header-timeout)",
                      (long long)o->header_timeout);
}

void http_raw_send(const struct options *o, struct conn *conn)
{
    struct reply reply;
    struct buf bytes;
    reply_init(&reply);
    buf_init(&bytes, REPLY_RAW_MAX);
    if (conn->verdict.code == ERR_OK)
        tell_timeout(o, conn);
    if (conn->id)
        reply_header(&reply, "X-Request-ID", "%s", conn->id);
    cors_apply(&reply, o->cors_origin, conn->origin);
    reply_error(&reply, &conn->verdict);
    conn->said = conn->verdict.code;
    if (reply_render(&reply, &bytes, NULL) == ERR_OK)
        (void)!send(conn->fd, bytes.data, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_done(&bytes);
    reply_done(&reply);
}
