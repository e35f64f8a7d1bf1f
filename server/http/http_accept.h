/* http_accept.h - one thread accepts the connections of all addresses and hands them to the
 * library.
 *
 * The library could accept them itself, but that has two faults. If the library is told to stop
 * while one of its threads examines the listening socket, it aborts the process (MHD_quiesce_daemon
 * of 0.9.75 in epoll mode). And when --connections are open, it lets new clients wait even if all
 * others are idle. The acceptor instead closes the connection that has been idle for the longest
 * time. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_ACCEPT_H
#define UPSCALED_SERVER_HTTP_HTTP_ACCEPT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "server/http/http_conn.h"

struct MHD_Daemon;
struct acceptor;

/* A listening socket, and the part of the library that serves its connections. */
struct door {
    struct acceptor *acceptor;
    struct MHD_Daemon *library;
    int fd;              /* closed by acceptor_stop */
    int address;         /* its number */
    bool shared;         /* other processes accept from it too */
    unsigned most;       /* open connections, --connections */
    atomic_uint begun;   /* connections that the library has taken */
    atomic_uint ended;   /* connections that the library has closed */
    atomic_bool crowded; /* a client waits for one of them to end */
    unsigned given;      /* handed to the library; only the thread uses this and paused_ms */
    int64_t paused_ms;   /* until when nothing is accepted, or 0 */
};

struct acceptor {
    struct conns *conns;
    struct door doors[LISTENERS_MAX];
    int count;
    int wake; /* an eventfd, or -1 */
    atomic_bool stop;
    bool running;
    pthread_t thread;
};

/* Prepares an acceptor without doors. `conns` is borrowed. */
enum err_code acceptor_init(struct acceptor *a, struct conns *conns, struct err *e);

/* Adds a door, before acceptor_start. The acceptor owns `fd` from now on. The caller sets
 * `library`. */
struct door *acceptor_add(struct acceptor *a, int fd, bool shared, unsigned most);

enum err_code acceptor_start(struct acceptor *a, struct err *e);

/* Accepts the connections that wait in the system's queue, unless another process may accept them.
 * Then closes the listening sockets. It may be called again. */
void acceptor_stop(struct acceptor *a);
void acceptor_done(struct acceptor *a); /* after acceptor_stop */

/* The library's threads call these when a connection begins, and when it has ended. */
void door_begun(struct door *door);
void door_ended(struct door *door);

#endif
