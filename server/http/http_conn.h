/* http_conn.h - the open connections, and the watchdog that closes those that are too slow.
 *
 * The timeout of libmicrohttpd is one of inactivity: a client that sends one byte a second keeps a
 * connection for ever. And while a connection is suspended, the library does not notice that its
 * client has left. So one thread checks all connections ten times a second (http_watchdog.c).
 *
 * Threads: one mutex guards the list, every struct conn, and the moment at which its socket closes.
 * Only the event thread of a connection changes its intake. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_CONN_H
#define UPSCALED_SERVER_HTTP_HTTP_CONN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "server/host/listen.h"
#include "server/http/http_log.h"
#include "server/http/intake.h"
#include "server/service/service.h"

enum conn_phase {
    CONN_NEW,    /* not listed yet */
    CONN_IDLE,   /* between requests, or before the first */
    CONN_HEAD,   /* the head of a request is arriving */
    CONN_BODY,   /* the body is arriving */
    CONN_WORK,   /* suspended: the picture is being computed */
    CONN_REPLY,  /* the reply is being sent */
    CONN_LINGER, /* answered without the library: bytes that still arrive are discarded */
    CONN_LOST,   /* shut down by us; its handler must not go on */
};

struct conn {
    struct conn *next, **link; /* first: what the watchdog reads lies in one cache line */
    int fd;
    enum conn_phase phase;
    int64_t deadline_ms;  /* in IDLE, HEAD, BODY, REPLY, LINGER */
    int64_t moved;        /* bytes of the body that have arrived */
    int64_t moved_before; /* the same, or the bytes of all replies that were acknowledged, when the
                             deadline was set; -1: not known */
    bool hurried;         /* the deadline is final */
    bool active;          /* a request has begun and not ended */
    bool fresh;           /* no request has arrived yet */
    bool closes;          /* an answer said that the connection ends, so it is the last */
    bool streams;      /* in REPLY: the reply has no length, and goes on while the client reads */
    bool interim;      /* the client takes interim responses: it speaks HTTP/1.1 */
    int64_t probed_ms; /* in WORK: when the last one was sent, to see whether the client is there */
    unsigned turn;     /* the round in which the watchdog examines it closely */
    unsigned ended;    /* requests that have ended */
    int64_t begun_ms;  /* when the head began to arrive */
    int64_t idle_ms;   /* in IDLE: when it became idle */
    struct conn *idler,
        *idled;          /* in IDLE: the next one that is idle for a shorter, for a longer time */
    int address;         /* the number of its listening socket */
    const char *id;      /* the request's X-Request-ID */
    const char *origin;  /* its Origin, or NULL */
    atomic_bool *cancel; /* its job's */
    struct http_said said;
    int64_t cut_ms; /* when the client ended the stream in the middle of a body; 0: it did not */
    struct err verdict; /* the error to send at the deadline; ERR_OK: the request was too slow */
    struct conns *conns;
    struct intake intake;
};

struct conns {
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* signalled when a connection closes */
    struct conn *first;
    struct conn *next_watched; /* the one that the watchdog examines next */
    struct idle_conns {
        struct conn *first, *last; /* the first has been idle for the longest time */
    } idle[LISTENERS_MAX];
    struct service *service;
    bool draining, stop;
    unsigned turns;   /* the next conn.turn */
    int64_t drain_ms; /* when draining began */
    bool running;     /* the watchdog was started */
    pthread_t watchdog;
};

/* Returns the memory that the library needs for a connection: a head, its parts, and the head of a
 * reply. */
size_t conns_library_bytes(const struct options *o);

/* Returns the bytes of the budget that an open connection takes. While a head arrives, it takes
 * more. */
int64_t conns_bytes_each(const struct options *o);

void conns_init(struct conns *c, struct service *s); /* `s` is borrowed */
void conns_done(struct conns *c);                    /* no connection may be left */

/* Adds a connection that has opened. `address` is the number of its listening socket. Returns NULL
 * if there is not enough memory, or if the number of its descriptor is too large. conns_remove
 * removes a connection that has closed. */
struct conn *conns_add(struct conns *c, int fd, int address);
void conns_remove(struct conns *c, struct conn *conn);

/* Notes that a request begins. `id`, `cancel` and the origin must live until conns_end, which notes
 * that it ends, and returns the error that was sent without the library. */
void conns_begin(struct conns *c, struct conn *conn, const char *id, atomic_bool *cancel);
void conns_name(struct conns *c, struct conn *conn, const char *id); /* another id */
void conns_origin(struct conns *c, struct conn *conn, const char *origin);
struct http_said conns_end(struct conns *c, struct conn *conn);

/* Enters a phase, with a deadline `timeout_ms` from now if the phase has one. Returns the phase
 * afterwards: CONN_LOST and CONN_LINGER are final. */
enum conn_phase conns_enter(struct conns *c, struct conn *conn, enum conn_phase phase,
                            int64_t timeout_ms);

/* Enter CONN_BODY, or CONN_REPLY for `length` bytes. If bytes have moved at --min-rate when the
 * timeout runs out, it is granted again. They return the same as conns_enter. */
enum conn_phase conns_begin_body(struct conns *c, struct conn *conn);
enum conn_phase conns_begin_reply(struct conns *c, struct conn *conn, size_t length);

/* Notes that the answer to the present request says that it is the last one of the connection. */
void conns_close(struct conns *c, struct conn *conn);

/* Enter CONN_REPLY for a stream of events, and CONN_WORK. They return the same as conns_enter. */
enum conn_phase conns_begin_stream(struct conns *c, struct conn *conn);
enum conn_phase conns_begin_work(struct conns *c, struct conn *conn, bool interim);

/* Notes that `count` more bytes of the body have arrived. Returns the phase. */
enum conn_phase conns_moved(struct conns *c, struct conn *conn, size_t count);

/* Moves the deadline to `timeout_ms` from now if that is sooner. `verdict` is sent at the
 * deadline, or at once if the client has ended the stream. */
void conns_hurry(struct conns *c, struct conn *conn, const struct err *verdict, int64_t timeout_ms);

/* Sends the verdict of the request without the library, and gives the client `linger_ms` to read
 * it. */
void conns_answer_raw(struct conns *c, struct conn *conn, int64_t linger_ms);

/* Waits until no connection is left, or until `until_ms`. Returns whether none is left. From the
 * first call on, idle connections are closed. New ones have a second to send a request. */
bool conns_drain(struct conns *c, int64_t until_ms);

/* conns_cancel sets the cancel flag of every request. conns_shut shuts every connection. */
void conns_cancel(struct conns *c);
void conns_shut(struct conns *c);

/* Whether any connection is in CONN_WORK. */
bool conns_working(struct conns *c);

#endif
