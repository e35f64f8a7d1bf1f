/* http_raw.c - see http_raw.h. */
#include "server/http/http_raw.h"

#include <sys/socket.h>

#include "server/answer/cors.h"
#include "server/answer/reply.h"

enum { REPLY_RAW_MAX = 8192 };

size_t http_raw_send(const struct options *o, const struct raw_answer *a)
{
    struct reply reply;
    struct buf bytes;
    size_t body = 0;
    reply_init(&reply);
    buf_init(&bytes, REPLY_RAW_MAX);
    if (a->id)
        reply_header(&reply, "X-Request-ID", "%s", a->id);
    cors_apply(&reply, o->cors_origin, a->origin);
    reply_error(&reply, a->why);
    if (reply_render(&reply, &bytes, NULL) == ERR_OK) {
        size_t head = bytes.length - reply.length, most = a->bodiless ? head : bytes.length;
        ssize_t sent = send(a->fd, bytes.data, most, MSG_DONTWAIT | MSG_NOSIGNAL);
        body = sent > (ssize_t)head ? (size_t)sent - head : 0;
    }
    buf_done(&bytes);
    reply_done(&reply);
    return body;
}
