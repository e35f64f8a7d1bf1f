/* http_accept.h - one thread accepts the connections of all addresses, and hands them to the library.
 *
 * The library could do it. But when it is told to stop, and one of its threads looks at the listening
 * socket at that moment, it aborts the process (MHD_quiesce_daemon of 0.9.75 in its epoll mode). And
 * when --connections are open, it lets new clients wait, even if all the others are idle. Here the one
 * that has been idle for the longest time is closed then. */
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
    atomic_uint begun;   /* connections that the library has taken up, */
    atomic_uint ended;   /* and closed */
    atomic_bool crowded; /* a client waits for one of them to end */
    unsigned given;      /* handed to the library; the thread's own, as the next */
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

/* Adds a door, before acceptor_start. The acceptor owns `fd` from now on; the caller sets `library`. */
struct door *acceptor_add(struct acceptor *a, int fd, bool shared, unsigned most);

enum err_code acceptor_start(struct acceptor *a, struct err *e);

/* Takes the connections that the system has made already, unless another process may take them; then
 * closes the listening sockets. May be called again. */
void acceptor_stop(struct acceptor *a);
void acceptor_done(struct acceptor *a); /* after acceptor_stop */

/* The library has taken up a connection; has closed one. From its threads. */
void door_begun(struct door *door);
void door_ended(struct door *door);

#endif
