/* http_raw.c - see http_raw.h. */
#include "server/http/http_raw.h"

#include <sys/socket.h>

#include "server/answer/cors.h"
#include "server/answer/reply.h"

enum { REPLY_RAW_MAX = 8192 };

void http_raw_send(const struct options *o, const struct raw_answer *a)
{
    struct reply reply;
    struct buf bytes;
    reply_init(&reply);
    buf_init(&bytes, REPLY_RAW_MAX);
    if (a->id)
        reply_header(&reply, "X-Request-ID", "%s", a->id);
    cors_apply(&reply, o->cors_origin, a->origin);
    reply_error(&reply, a->why);
    if (reply_render(&reply, &bytes, NULL) == ERR_OK)
        (void)!send(a->fd, bytes.data, bytes.length - (a->bodiless ? reply.length : 0),
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_done(&bytes);
    reply_done(&reply);
}
