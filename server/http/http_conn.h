/* http_conn.h - the open connections, and the watchdog that ends those that are too slow.
 *
 * libmicrohttpd's timeout is one of inactivity: a byte a second holds a connection for ever. And
 * while a connection is suspended nobody looks whether its client is still there. So one thread
 * walks all connections ten times a second.
 * Threads: one mutex guards the list, every struct conn, and the moment its socket closes. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_CONN_H
#define UPSCALED_SERVER_HTTP_HTTP_CONN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "server/http/raw_head.h"
#include "server/options/options.h"

struct budget;
struct jobs;

enum conn_phase {
    CONN_IDLE,   /* between requests, or before the first */
    CONN_HEAD,   /* the request line has come */
    CONN_BODY,   /* the body comes */
    CONN_WORK,   /* suspended: the picture is in work */
    CONN_REPLY,  /* the reply goes out */
    CONN_LINGER, /* answered in mid-body: what still comes is thrown away */
    CONN_LOST,   /* shut down by us; its handler must not go on */
};

struct conn {
    struct conn *next, **link; /* first: what the watchdog reads of each shares a cache line */
    int fd;
    enum conn_phase phase;
    int64_t deadline_ms;  /* in IDLE, HEAD, BODY, REPLY, LINGER */
    int64_t moved;        /* bytes of the body that have come */
    int64_t moved_before; /* the same, or those of all replies that were acknowledged, when the
                             deadline was set; -1: not known */
    bool hurried;         /* the deadline is final */
    bool active;          /* a request is under way */
    bool fresh;           /* no request has come yet */
    unsigned turn;        /* in which round of the watchdog it is looked at closely */
    const char *id;       /* its X-Request-ID */
    const char *origin;   /* its Origin, or NULL */
    atomic_bool *cancel;  /* its job's */
    enum err_code said;   /* what was sent past the library */
    struct raw_head raw;  /* the request's head as it came; its event thread's */
    struct err verdict;   /* what to say when the deadline comes; ERR_OK: that it was too slow */
};

struct conns {
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* signalled when a connection closes */
    struct conn *first;
    struct conn *next_watched; /* whom the watchdog goes on with */
    const struct options *options;
    struct jobs *jobs;
    struct budget *budget;
    bool draining, stop;
    unsigned turns;   /* given out */
    int64_t drain_ms; /* when draining began */
    bool running;     /* the watchdog was started */
    pthread_t watchdog;
};

/* What a connection is charged: the library's buffer and what else there is of it and its request.
 */
int64_t conns_bytes_each(const struct options *o);

/* Starts the watchdog, which also calls jobs_tick. */
enum err_code conns_init(struct conns *c, const struct options *o, struct jobs *jobs,
                         struct budget *budget, struct err *e);
void conns_done(struct conns *c); /* no connection may be left */

/* A connection opens; NULL when memory or room for its descriptor is out. It closes. */
struct conn *conns_add(struct conns *c, int fd);
void conns_remove(struct conns *c, struct conn *conn);

/* A request begins, and ends; `id`, `cancel` and an origin must live until then. The end gives what
 * was sent past the library, or ERR_OK. */
void conns_begin(struct conns *c, struct conn *conn, const char *id, atomic_bool *cancel);
void conns_name(struct conns *c, struct conn *conn, const char *id); /* another id */
void conns_origin(struct conns *c, struct conn *conn, const char *origin);
enum err_code conns_end(struct conns *c, struct conn *conn);

/* Moves on to a phase, with a deadline `timeout_ms` from now (where the phase has one), or keeps
 * the phase and gives the phase there is: CONN_LOST and CONN_LINGER are final. */
enum conn_phase conns_enter(struct conns *c, struct conn *conn, enum conn_phase phase,
                            int64_t timeout_ms);

/* Begins the body, or a reply of `length` bytes, with its timeout, which is granted again whenever
 * it has run out and bytes have moved at --min-rate. As conns_enter. */
enum conn_phase conns_begin_body(struct conns *c, struct conn *conn);
enum conn_phase conns_begin_reply(struct conns *c, struct conn *conn, size_t length);

/* `count` more bytes of the body have come; the phase there is. */
enum conn_phase conns_moved(struct conns *c, struct conn *conn, size_t count);

/* The deadline becomes `timeout_ms` from now where that is sooner, and `verdict` what is then said.
 */
void conns_hurry(struct conns *c, struct conn *conn, const struct err *verdict, int64_t timeout_ms);

/* Sends the request's verdict past the library, and lets the client finish reading it. */
void conns_answer_raw(struct conns *c, struct conn *conn, int64_t linger_ms);

/* Waits until no connection is left, or until the moment `until_ms`; whether it came so far. From
 * the first call on, idle connections are shut; new ones get a second to say what they want. */
bool conns_drain(struct conns *c, int64_t until_ms);

/* Sets every request's cancel flag. Shuts every connection. */
void conns_cancel(struct conns *c);
void conns_shut(struct conns *c);

/* Whether any connection is in CONN_WORK. */
bool conns_working(struct conns *c);

#endif
