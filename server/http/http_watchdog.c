/* http_watchdog.c - see http_watchdog.h. */
#include "server/http/http_watchdog.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>

#include "engine/base/clock.h"
#include "server/http/http_conn_answer.h"
#include "server/http/http_conn_phase.h"
#include "server/http/socket_received.h"
#include "server/http/socket_sent.h"

enum { WATCHED_AT_ONCE = 64 };
enum { TICK_MS = 100, CLOSELY_EVERY = 10 };

enum { PROBE_MS = 5000, CUT_MS = 1000 };

/* Whether the client of a request that is being computed has left. The end of its stream does not
 * show that: a client may send its request, end its side, and wait. The end of both sides looks the
 * same until something is sent; then the client's system answers with a reset. So an interim
 * response is sent, which every client of HTTP/1.1 may discard (RFC 9110, section 15.2.1). Clients
 * of HTTP/1.0 get their answer. */
static bool has_left(struct conn *conn, int64_t now_ms)
{
    static const char probe[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct pollfd p = {.fd = conn->fd, .events = POLLRDHUP};
    if (poll(&p, 1, 0) <= 0)
        return false;
    if (p.revents & (POLLHUP | POLLERR))
        return true;
    if (!conn->interim || (conn->probed_ms > 0 && now_ms < conn->probed_ms + PROBE_MS))
        return false;
    conn->probed_ms = now_ms;
    return send(conn->fd, probe, sizeof probe - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
           errno != EAGAIN;
}

/* Whether an idle connection may be closed while the server drains. A request that is arriving, and
 * the first one of a new connection, are answered before that. */
static bool is_done(const struct conns *c, const struct conn *conn, int64_t now_ms)
{
    return socket_look(conn->fd) != SOCKET_SPEAKS &&
           (!conn->fresh || now_ms >= c->drain_ms + FRESH_MS);
}

/* Whether enough bytes moved before the deadline to grant the same time again. */
static bool keeps_pace(const struct conns *c, struct conn *conn)
{
    bool body = conn->phase == CONN_BODY;
    int64_t timeout_s =
        body ? c->service->options->body_timeout : c->service->options->write_timeout;
    int64_t moved = body ? conn->moved : socket_acknowledged(conn->fd);
    if (conn->hurried || conn->moved_before < 0 ||
        moved - conn->moved_before < timeout_s * c->service->options->min_rate)
        return false;
    conn->moved_before = moved;
    conn->deadline_ms += timeout_s * 1000;
    return true;
}

/* Whether the client has left while it had no request. The library misses an end that arrives
 * together with data, because its epoll is edge-triggered. */
static bool is_gone(const struct conn *conn)
{
    return atomic_load(&conn->intake.heads) == conn->ended && socket_look(conn->fd) == SOCKET_ENDED;
}

/* Whether the client has ended the stream in the middle of a body, and the library has had time to
 * judge what arrived before. */
static bool is_cut(const struct conn *conn, int64_t now_ms)
{
    return conn->phase == CONN_BODY && conn->cut_ms > 0 && now_ms >= conn->cut_ms + CUT_MS;
}

/* Whether the reader of a stream has received all of it, or some of it since the deadline was
 * set. */
static bool reads_on(const struct conns *c, struct conn *conn)
{
    int64_t moved = socket_acknowledged(conn->fd);
    if (moved >= 0 && moved == conn->moved_before && socket_outstanding(conn->fd))
        return false;
    conn->moved_before = moved;
    conn->deadline_ms += c->service->options->write_timeout * 1000;
    return true;
}

/* Whether the request was cancelled while its body arrives. Its client may have stalled, so the
 * next piece of the body may never come. A server that shuts down ends all of them by itself. */
static bool is_cancelled(const struct conns *c, const struct conn *conn)
{
    return conn->phase == CONN_BODY && !conn->hurried && !c->draining && conn->cancel &&
           atomic_load(conn->cancel);
}

static void answer_cancelled(struct conn *conn)
{
    err_set(&conn->verdict, ERR_CANCELLED, "the request was cancelled while its body arrived");
    conn_answer_and_linger(conn, conn->conns->service->options->drain_timeout * 1000);
}

/* Checks one connection, under the lock. `closely`: also checks whether the client has left. */
static void look_after(struct conns *c, struct conn *conn, int64_t now_ms, bool closely)
{
    if (closely && conn->phase != CONN_LOST && is_gone(conn))
        conn_shut(conn);
    switch (conn->phase) {
    case CONN_IDLE:
        if (now_ms >= conn->deadline_ms || (c->draining && is_done(c, conn, now_ms)))
            conn_shut(conn);
        break;
    case CONN_HEAD:
    case CONN_BODY:
        if (is_cut(conn, now_ms))
            conn_shut(conn);
        else if (is_cancelled(c, conn))
            answer_cancelled(conn);
        else if (now_ms >= conn->deadline_ms && !(conn->phase == CONN_BODY && keeps_pace(c, conn)))
            conn_answer_and_shut(conn);
        break;
    case CONN_LINGER:
        if (now_ms >= conn->deadline_ms)
            conn_shut(conn);
        break;
    case CONN_WORK:
        if (has_left(conn, now_ms) && !atomic_exchange(conn->cancel, true))
            conn->said.left = true;
        break;
    case CONN_REPLY:
        if (now_ms >= conn->deadline_ms &&
            !(conn->streams ? reads_on(c, conn) : keeps_pace(c, conn)))
            conn_shut(conn);
        break;
    case CONN_NEW:
    case CONN_LOST:
        break;
    }
}

/* Checks all connections, some at a time: ten thousand take milliseconds, and every request needs
 * the lock. A connection that opens meanwhile has a deadline that is far away. */
static void look_after_all(struct conns *c, int64_t now_ms, unsigned round)
{
    pthread_mutex_lock(&c->lock);
    c->next_watched = c->first;
    while (c->next_watched) {
        for (int i = 0; i < WATCHED_AT_ONCE && c->next_watched; i++) {
            struct conn *conn = c->next_watched;
            c->next_watched = conn->next;
            look_after(c, conn, now_ms, c->draining || (conn->turn + round) % CLOSELY_EVERY == 0);
        }
        pthread_mutex_unlock(&c->lock);
        sched_yield(); /* otherwise a waiting thread would find it locked again */
        pthread_mutex_lock(&c->lock);
    }
    pthread_mutex_unlock(&c->lock);
}

static void *watch(void *arg)
{
    struct conns *c = arg;
    const struct timespec tick = {0, TICK_MS * 1000000L};
    for (unsigned round = 0;; round++) {
        nanosleep(&tick, NULL);
        int64_t now_ms = clock_ms();
        look_after_all(c, now_ms, round);
        pthread_mutex_lock(&c->lock);
        bool stop = c->stop;
        pthread_mutex_unlock(&c->lock);
        jobs_tick(c->service->jobs, now_ms);
        if (stop)
            return NULL;
    }
}

enum err_code watchdog_start(struct conns *c, struct err *e)
{
    if (pthread_create(&c->watchdog, NULL, watch, c) != 0)
        return err_set(e, ERR_MEMORY, "the watchdog's thread could not be started");
    c->running = true;
    return ERR_OK;
}

void watchdog_stop(struct conns *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_mutex_unlock(&c->lock);
    if (c->running)
        pthread_join(c->watchdog, NULL);
}
