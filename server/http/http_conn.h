/* http_conn.h - the open connections, and the watchdog that closes those that are too slow.
 *
 * libmicrohttpd's timeout is one of inactivity: a client that sends one byte a second holds a
 * connection for ever. And while a connection is suspended, the library does not notice that its
 * client has left. So one thread checks all connections ten times a second (http_watchdog.c).
 * Threads: one mutex guards the list, every struct conn, and the moment its socket closes. Of the
 * intake, only its event thread changes anything. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_CONN_H
#define UPSCALED_SERVER_HTTP_HTTP_CONN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"
#include "server/host/listen.h"
#include "server/http/intake.h"
#include "server/service/service.h"

enum conn_phase {
    CONN_NEW,    /* not listed yet */
    CONN_IDLE,   /* between requests, or before the first */
    CONN_HEAD,   /* the head of a request is arriving */
    CONN_BODY,   /* the body is arriving */
    CONN_WORK,   /* suspended: the picture is in work */
    CONN_REPLY,  /* the reply is being sent */
    CONN_LINGER, /* answered past the library: what still arrives is thrown away */
    CONN_LOST,   /* shut down by us; its handler must not go on */
};

struct conn {
    struct conn *next, **link; /* first: what the watchdog reads of each shares a cache line */
    int fd;
    enum conn_phase phase;
    int64_t deadline_ms;  /* in IDLE, HEAD, BODY, REPLY, LINGER */
    int64_t moved;        /* bytes of the body that have arrived */
    int64_t moved_before; /* the same, or the bytes of all replies that were acknowledged, when the
                             deadline was set; -1: not known */
    bool hurried;         /* the deadline is final */
    bool active;          /* a request is under way */
    bool fresh;           /* no request has arrived yet */
    bool closes;          /* an answer said that the connection ends: no other may follow it */
    bool streams;         /* in REPLY: has no length, and lives while its client reads */
    bool interim;         /* the client takes interim responses: it speaks HTTP/1.1 */
    int64_t probed_ms;    /* in WORK: when the last one was sent to see whether it is there */
    unsigned turn;        /* the round in which the watchdog looks at it closely */
    unsigned ended;       /* requests that have ended */
    int64_t begun_ms;     /* when the head began to arrive */
    int64_t idle_ms;      /* in IDLE: since when */
    struct conn *idler,
        *idled;          /* in IDLE: the next that has been idle for a shorter, a longer time */
    int address;         /* which listening socket it came from */
    const char *id;      /* the request's X-Request-ID */
    const char *origin;  /* its Origin, or NULL */
    atomic_bool *cancel; /* its job's */
    enum err_code said;  /* what was sent past the library */
    struct err verdict;  /* what to say at the deadline; ERR_OK: that the request was too slow */
    struct conns *conns;
    struct intake intake;
};

struct conns {
    pthread_mutex_t lock;
    pthread_cond_t quiet; /* signalled when a connection closes */
    struct conn *first;
    struct conn *next_watched; /* the one that the watchdog looks at next */
    struct idle_conns {
        struct conn *first, *last; /* the first has been idle for the longest time */
    } idle[LISTENERS_MAX];
    struct service *service;
    bool draining, stop;
    unsigned turns;   /* given out */
    int64_t drain_ms; /* when draining began */
    bool running;     /* the watchdog was started */
    pthread_t watchdog;
};

/* Returns the memory that the library needs for a connection: a head, its parts, and the head of a
 * reply. */
size_t conns_library_bytes(const struct options *o);

/* Returns what an open connection is charged to the budget. While a head arrives, it is charged
 * more. */
int64_t conns_bytes_each(const struct options *o);

void conns_init(struct conns *c, struct service *s); /* `s` is borrowed */
void conns_done(struct conns *c);                    /* no connection may be left */

/* A connection opens (NULL: there is no memory, or its descriptor is too large a number); closes.
 * `address` numbers the listening socket that it came from. */
struct conn *conns_add(struct conns *c, int fd, int address);
void conns_remove(struct conns *c, struct conn *conn);

/* A request begins; ends. `id`, `cancel` and the origin must live until the end. conns_end returns what
 * was sent past the library, or ERR_OK. */
void conns_begin(struct conns *c, struct conn *conn, const char *id, atomic_bool *cancel);
void conns_name(struct conns *c, struct conn *conn, const char *id); /* another id */
void conns_origin(struct conns *c, struct conn *conn, const char *origin);
enum err_code conns_end(struct conns *c, struct conn *conn);

/* Enters a phase, with a deadline `timeout_ms` from now where the phase has one. Returns the phase that
 * holds afterwards: CONN_LOST and CONN_LINGER are final. */
enum conn_phase conns_enter(struct conns *c, struct conn *conn, enum conn_phase phase,
                            int64_t timeout_ms);

/* Enter CONN_BODY, or CONN_REPLY for `length` bytes. The timeout is granted again each time that it has
 * run out while bytes moved at --min-rate. As conns_enter. */
enum conn_phase conns_begin_body(struct conns *c, struct conn *conn);
enum conn_phase conns_begin_reply(struct conns *c, struct conn *conn, size_t length);

/* The answer to the present request says that it is the last one of the connection. */
void conns_close(struct conns *c, struct conn *conn);

/* Enters CONN_REPLY for a stream of events. Enters CONN_WORK. As conns_enter. */
enum conn_phase conns_begin_stream(struct conns *c, struct conn *conn);
enum conn_phase conns_begin_work(struct conns *c, struct conn *conn, bool interim);

/* `count` more bytes of the body have arrived. Returns the phase. */
enum conn_phase conns_moved(struct conns *c, struct conn *conn, size_t count);

/* Moves the deadline to `timeout_ms` from now, where that is sooner; `verdict` is sent then. */
void conns_hurry(struct conns *c, struct conn *conn, const struct err *verdict, int64_t timeout_ms);

/* Sends the request's verdict past the library, and gives the client time to read it. */
void conns_answer_raw(struct conns *c, struct conn *conn, int64_t linger_ms);

/* Waits until no connection is left, or until `until_ms`. Returns whether none is left. From the first
 * call on, idle connections are closed; new ones have a second to send a request. */
bool conns_drain(struct conns *c, int64_t until_ms);

/* Sets every request's cancel flag. Shuts every connection. */
void conns_cancel(struct conns *c);
void conns_shut(struct conns *c);

/* Whether any connection is in CONN_WORK. */
bool conns_working(struct conns *c);

#endif
