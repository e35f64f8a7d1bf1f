/* http_answer.h - the answer to a request, on its way to the library. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_ANSWER_H
#define UPSCALED_SERVER_HTTP_HTTP_ANSWER_H

#include "server/answer/reply.h"
#include "server/http/http_events.h"

struct http_request;

struct http_answer {
    struct reply reply;
    bool queued;                 /* the library has the reply */
    int64_t held_bytes;          /* of the budget, for the reply's body */
    struct event_stream *events; /* sent in place of the body of the reply; or NULL */
};

#endif
