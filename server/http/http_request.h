/* http_request.h - one request on its way through the daemon.
 *
 * Owned by the connection's event thread, but for the time between admission and resumption, when
 * a driver thread of jobs has it. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_REQUEST_H
#define UPSCALED_SERVER_HTTP_HTTP_REQUEST_H

#include "server/answer/reply.h"
#include "server/http/http_conn.h"
#include "server/http/http_events.h"
#include "server/http/http_filter.h"
#include "server/service/reload.h"
#include "server/service/routes.h"
#include "server/work/admission.h"
#include "server/work/api.h"
#include "server/work/jobs.h"
#include "server/work/progress.h"

struct MHD_Connection;
struct MHD_PostProcessor;

/* What all connections share; http.h's struct begins with it. */
struct http_shared {
    struct service *service;
    struct conns conns;
    struct http_events *events;
};

enum { REQUEST_ID_MAX = PROGRESS_ID_MAX };

enum request_state {
    REQUEST_HEAD,   /* headers not yet looked at */
    REQUEST_BODY,   /* the body comes */
    REQUEST_RELOAD, /* files are to be read anew */
    REQUEST_READY,  /* `reply` is what to say */
};

struct http_request {
    struct job job; /* first: callbacks of jobs get its address */
    struct http_shared *shared;
    struct MHD_Connection *connection;
    struct conn *conn;
    enum request_state state;
    char our_id[17], their_id[REQUEST_ID_MAX + 1]; /* X-Request-ID: theirs where it is plain */
    char method[16];                               /* "" until the head is whole */
    int64_t began_ms;
    char *target;                  /* as sent */
    char client[PROXIES_TEXT_MAX]; /* its address, or "unix" */
    struct key *key;               /* held, where one was presented and is good */
    bool key_entered;
    struct ticket *ticket; /* an upload's progress, from its head to its reply */
    struct http_framing framing;
    bool estimates; /* asks what it would need: nothing is computed */
    bool is_upload; /* to the route that takes pictures: `api` is in use */
    struct api_request api;
    /* the body */
    struct MHD_PostProcessor *form; /* NULL: the body is the file */
    struct buf file;
    char file_name[128]; /* that the form gives, or "" */
    bool form_has_file, judged;
    bool part_empty; /* the library has told of the form's file, without bytes yet */
    uint64_t received, drained;
    struct need need;                /* once judged */
    int64_t body_bytes, reply_bytes; /* of the budget, held */
    int client_place;                /* in the table of clients, while in work */
    struct err verdict;              /* ERR_OK, or why what comes is thrown away */
    struct reload_waiter waiter;
    /* the answer */
    struct buf output;
    struct transcode_report report;
    double queue_ms;
    struct reply reply;
    bool answered;               /* the library has it */
    struct event_stream *events; /* goes out in place of the reply's body; or NULL */
};

/* NULL when memory is out. */
struct http_request *http_request_new(struct http_shared *shared, struct MHD_Connection *connection,
                                      struct conn *conn, const char *target);
void http_request_free(struct http_request *r);

/* Judges the head: ERR_OK when a body is to be read or `reply` is filled; else what to say. */
enum err_code http_request_head(struct http_request *r, const char *url, const char *method,
                                const char *version, struct err *e);

/* http_client.c. Finds out the client's address; adds what lets a page of another origin read the
 * reply, and what answers its preflight; adds validators, and makes a 304 of what it has. */
void http_client_address(struct http_request *r);
void http_client_origin(struct http_request *r);
void http_client_preflight(struct http_request *r, const struct route *route);
void http_client_validate(struct http_request *r);

/* Finds whose key was presented, where the route needs one: ERR_NO_KEY, ERR_KEY. Counts a picture
 * for it, or what an estimate holds: ERR_RATE. Ends both. */
enum err_code http_client_key(struct http_request *r, const struct route *route, struct err *e);
enum err_code http_client_enter(struct http_request *r, struct err *e);
void http_client_leave(struct http_request *r);

/* http_body.c. Makes ready for the body; takes a piece of it; after the last piece. */
enum err_code http_body_begin(struct http_request *r, struct err *e);
enum err_code http_body_take(struct http_request *r, const char *bytes, size_t count,
                             struct err *e);
enum err_code http_body_end(struct http_request *r, struct err *e);

/* Lets the file go, and what it holds of the budget. */
void http_body_release(struct http_request *r);

/* http_estimate.c. After the last piece: fills `reply` with what the picture would need. */
void http_estimate(struct http_request *r);

/* http_work.c. Hands the picture to the drivers and suspends the connection, which resumes with
 * `reply` filled. ERR_BUSY, ERR_DRAINING: it did not. */
enum err_code http_work(struct http_request *r, struct err *e);

/* http_log.c. Writes the request's line: `said` was sent past the library, if not ERR_OK; `status`
 * is the library's, 0 where there is none; `whole`: the reply went out to its end. */
void http_log(struct http_request *r, enum err_code said, int status, bool whole);

/* http_progress.c. An upload begins to be found, and ends: `reply` is what it got. Fills `reply` or
 * `events` for a request about another one: ERR_NO_ROUTE where that is not found. */
void http_progress_enter(struct http_request *r);
void http_progress_leave(struct http_request *r);
enum err_code http_progress(struct http_request *r, const char *method, const char *id,
                            struct err *e);

/* http_reload.c. Suspends the connection, which resumes with `reply` filled. */
void http_reload(struct http_request *r);

#endif
