/* http_request.h - one request on its way through the daemon.
 *
 * Threads: a request belongs to the event thread of its connection. While the connection is
 * suspended for the work, it belongs to a driver thread of the job queue. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_REQUEST_H
#define UPSCALED_SERVER_HTTP_HTTP_REQUEST_H

#include "server/http/http_answer.h"
#include "server/http/http_body.h"
#include "server/http/http_client.h"
#include "server/http/http_filter.h"
#include "server/http/http_shared.h"
#include "server/http/http_work.h"
#include "server/service/reload.h"
#include "server/work/jobs.h"

struct MHD_Connection;

enum request_state {
    REQUEST_HEAD,   /* the head has not been judged yet */
    REQUEST_BODY,   /* the body is arriving */
    REQUEST_RELOAD, /* files are to be read again */
    REQUEST_READY,  /* `answer` is complete */
};

struct http_request {
    struct job job; /* must be first, because the callbacks of a job get its address */
    struct http_shared *shared;
    struct MHD_Connection *connection;
    struct conn *conn;
    enum request_state state;
    int64_t began_ms;
    char *target;    /* as the client sent it */
    char method[16]; /* "" until the head has been judged */
    bool interim;    /* the client speaks HTTP/1.1, and so accepts interim responses */
    struct http_framing framing;
    struct err verdict;    /* ERR_OK, or the reason why the rest of the body is discarded */
    struct ticket *ticket; /* an upload's progress, from its head to its reply */
    struct reload_waiter waiter;
    struct http_client client;
    struct http_upload upload;
    struct http_work work;
    struct http_answer answer;
};

/* Returns NULL if there is not enough memory. */
struct http_request *http_request_new(struct http_shared *shared, struct MHD_Connection *connection,
                                      struct conn *conn, const char *target);
void http_request_free(struct http_request *r);

/* The request line, as the library parsed it. */
struct http_line {
    const char *url, *method, *version;
};

/* Judges the head. On ERR_OK, `state` says whether the body is to be read or `answer` is
 * complete. */
enum err_code http_request_head(struct http_request *r, const struct http_line *line,
                                struct err *e);

#endif
