/* http_conn.c - see http_conn.h. */
#include "server/http/http_conn.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "server/http/http_raw.h"
#include "server/http/socket_received.h"
#include "server/http/socket_sent.h"
#include "server/work/budget.h"
#include "server/work/jobs.h"

enum { FRESH_MS = 1000 }; /* for a first request, while draining */
enum { WATCHED_AT_ONCE = 64 };
enum { TICK_MS = 100, CLOSELY_EVERY = 10, OTHER_BYTES = 8192 };

int64_t conns_bytes_each(const struct options *o)
{
    return o->connection_memory + OTHER_BYTES;
}

struct conn *conns_add(struct conns *c, int fd)
{
    struct conn *conn = mem_calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    if (!socket_watch(fd, &conn->raw)) {
        mem_free(conn);
        return NULL;
    }
    budget_charge(c->budget, BUDGET_CONNECTIONS, conns_bytes_each(c->options));
    conn->fd = fd;
    conn->phase = CONN_IDLE;
    conn->fresh = true;
    pthread_mutex_lock(&c->lock);
    conn->deadline_ms = clock_ms() + c->options->header_timeout * 1000;
    conn->turn = c->turns++;
    conn->next = c->first;
    conn->link = &c->first;
    if (conn->next)
        conn->next->link = &conn->next;
    c->first = conn;
    pthread_mutex_unlock(&c->lock);
    return conn;
}

void conns_remove(struct conns *c, struct conn *conn)
{
    socket_forget(conn->fd);
    pthread_mutex_lock(&c->lock);
    if (c->next_watched == conn)
        c->next_watched = conn->next;
    *conn->link = conn->next;
    if (conn->next)
        conn->next->link = conn->link;
    pthread_cond_broadcast(&c->quiet);
    pthread_mutex_unlock(&c->lock);
    budget_give(c->budget, BUDGET_CONNECTIONS, conns_bytes_each(c->options));
    mem_free(conn);
}

void conns_begin(struct conns *c, struct conn *conn, const char *id, atomic_bool *cancel)
{
    pthread_mutex_lock(&c->lock);
    conn->active = true;
    conn->fresh = false;
    conn->id = id;
    conn->cancel = cancel;
    conn->verdict = (struct err)ERR_INIT;
    conn->said = ERR_OK;
    conn->hurried = false;
    if (conn->phase == CONN_IDLE) {
        conn->phase = CONN_HEAD;
        conn->deadline_ms = clock_ms() + c->options->header_timeout * 1000;
    }
    pthread_mutex_unlock(&c->lock);
}

void conns_name(struct conns *c, struct conn *conn, const char *id)
{
    pthread_mutex_lock(&c->lock);
    conn->id = id;
    pthread_mutex_unlock(&c->lock);
}

void conns_origin(struct conns *c, struct conn *conn, const char *origin)
{
    pthread_mutex_lock(&c->lock);
    conn->origin = origin;
    pthread_mutex_unlock(&c->lock);
}

/* Under the lock. The kernel's own close follows when the library sees the end. */
static void shut(struct conn *conn)
{
    shutdown(conn->fd, SHUT_RDWR);
    conn->phase = CONN_LOST;
}

enum err_code conns_end(struct conns *c, struct conn *conn)
{
    pthread_mutex_lock(&c->lock);
    conn->active = false;
    conn->id = conn->origin = NULL;
    conn->cancel = NULL;
    if (conn->phase != CONN_LOST) {
        conn->phase = CONN_IDLE;
        conn->deadline_ms =
            clock_ms() + (c->options->idle_timeout + c->options->header_timeout) * 1000;
    }
    enum err_code said = conn->said;
    pthread_mutex_unlock(&c->lock);
    return said;
}

enum conn_phase conns_enter(struct conns *c, struct conn *conn, enum conn_phase phase,
                            int64_t timeout_ms)
{
    pthread_mutex_lock(&c->lock);
    if (conn->phase != CONN_LOST && conn->phase != CONN_LINGER) {
        conn->phase = phase;
        conn->deadline_ms = clock_ms() + timeout_ms;
        conn->moved = conn->moved_before = 0;
    }
    phase = conn->phase;
    pthread_mutex_unlock(&c->lock);
    return phase;
}

enum conn_phase conns_begin_body(struct conns *c, struct conn *conn)
{
    return conns_enter(c, conn, CONN_BODY, c->options->body_timeout * 1000);
}

enum conn_phase conns_moved(struct conns *c, struct conn *conn, size_t count)
{
    pthread_mutex_lock(&c->lock);
    conn->moved += (int64_t)count;
    enum conn_phase phase = conn->phase;
    pthread_mutex_unlock(&c->lock);
    return phase;
}

enum conn_phase conns_begin_reply(struct conns *c, struct conn *conn, size_t length)
{
    int64_t acked = socket_acknowledged(conn->fd), timeout_ms = c->options->write_timeout * 1000;
    if (acked < 0)
        timeout_ms += (int64_t)length * 1000 / c->options->min_rate;
    enum conn_phase phase = conns_enter(c, conn, CONN_REPLY, timeout_ms);
    pthread_mutex_lock(&c->lock);
    conn->moved_before = acked;
    pthread_mutex_unlock(&c->lock);
    return phase;
}

void conns_hurry(struct conns *c, struct conn *conn, const struct err *verdict, int64_t timeout_ms)
{
    pthread_mutex_lock(&c->lock);
    int64_t deadline_ms = clock_ms() + timeout_ms;
    if (deadline_ms < conn->deadline_ms)
        conn->deadline_ms = deadline_ms;
    conn->verdict = *verdict;
    conn->hurried = true;
    pthread_mutex_unlock(&c->lock);
}

void conns_answer_raw(struct conns *c, struct conn *conn, int64_t linger_ms)
{
    pthread_mutex_lock(&c->lock);
    if (conn->phase == CONN_BODY) {
        http_raw_send(c->options, conn);
        shutdown(conn->fd, SHUT_WR);
        conn->phase = CONN_LINGER;
        conn->deadline_ms = clock_ms() + linger_ms;
    }
    pthread_mutex_unlock(&c->lock);
}

enum looks { STILL, SPEAKING, GONE };

static enum looks look(const struct conn *conn)
{
    char byte;
    ssize_t n = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        return SPEAKING;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? STILL : GONE;
}

/* The same where bytes of a next request may lie in front of the end. */
static bool has_hung_up(const struct conn *conn)
{
    struct pollfd p = {.fd = conn->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Whether an idle connection may be shut while draining: who speaks just now, or came so late that
 * the first request may be on its way, is answered first. */
static bool is_done(const struct conns *c, const struct conn *conn, int64_t now_ms)
{
    return look(conn) != SPEAKING && (!conn->fresh || now_ms >= c->drain_ms + FRESH_MS);
}

/* Whether in the time that has run out enough has moved to be given as much again. */
static bool keeps_pace(const struct conns *c, struct conn *conn)
{
    bool body = conn->phase == CONN_BODY;
    int64_t timeout_s = body ? c->options->body_timeout : c->options->write_timeout;
    int64_t moved = body ? conn->moved : socket_acknowledged(conn->fd);
    if (conn->hurried || conn->moved_before < 0 ||
        moved - conn->moved_before < timeout_s * c->options->min_rate)
        return false;
    conn->moved_before = moved;
    conn->deadline_ms += timeout_s * 1000;
    return true;
}

/* Under the lock. With `closely`, also finds clients that left before their request was whole:
 * libmicrohttpd 0.9.75 misses an end that arrives together with data, because its epoll is
 * edge-triggered and a short read clears its mark. */
static void look_after(struct conns *c, struct conn *conn, int64_t now_ms, bool closely)
{
    if (closely && conn->phase != CONN_WORK && conn->phase != CONN_REPLY && look(conn) == GONE)
        shut(conn);
    switch (conn->phase) {
    case CONN_IDLE:
        if (now_ms >= conn->deadline_ms || (c->draining && is_done(c, conn, now_ms)))
            shut(conn);
        break;
    case CONN_HEAD:
    case CONN_BODY:
        if (now_ms >= conn->deadline_ms && !(conn->phase == CONN_BODY && keeps_pace(c, conn))) {
            http_raw_send(c->options, conn);
            shut(conn);
        }
        break;
    case CONN_LINGER:
        if (now_ms >= conn->deadline_ms)
            shut(conn);
        break;
    case CONN_WORK:
        if (has_hung_up(conn))
            atomic_store(conn->cancel, true);
        break;
    case CONN_REPLY:
        if (now_ms >= conn->deadline_ms && !keeps_pace(c, conn))
            shut(conn);
        break;
    case CONN_LOST:
        break;
    }
}

static void add_ms(struct timespec *t, int64_t ms)
{
    t->tv_sec += ms / 1000;
    t->tv_nsec += (long)(ms % 1000) * 1000000;
    if (t->tv_nsec >= 1000000000) {
        t->tv_nsec -= 1000000000;
        t->tv_sec++;
    }
}

/* Some connections at a time: to walk ten thousand takes milliseconds, to end them a hundred, and
 * every request needs the lock. Whoever comes meanwhile has a deadline that is far away. */
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
        sched_yield(); /* or who waits would find it locked again */
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
        jobs_tick(c->jobs, now_ms);
        if (stop)
            return NULL;
    }
}

enum err_code conns_init(struct conns *c, const struct options *o, struct jobs *jobs,
                         struct budget *budget, struct err *e)
{
    pthread_condattr_t clock;
    *c = (struct conns){.options = o, .jobs = jobs, .budget = budget};
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&c->quiet, &clock);
    pthread_condattr_destroy(&clock);
    if (pthread_create(&c->watchdog, NULL, watch, c) != 0)
        return err_set(e, ERR_MEMORY, "the watchdog's thread could not be started");
    c->running = true;
    return ERR_OK;
}

void conns_done(struct conns *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_mutex_unlock(&c->lock);
    if (c->running)
        pthread_join(c->watchdog, NULL);
    pthread_cond_destroy(&c->quiet);
    pthread_mutex_destroy(&c->lock);
}

bool conns_drain(struct conns *c, int64_t until_ms)
{
    struct timespec until = {0, 0};
    int timed_out = 0;
    add_ms(&until, until_ms);
    pthread_mutex_lock(&c->lock);
    if (!c->draining)
        c->drain_ms = clock_ms();
    c->draining = true;
    while (c->first && timed_out != ETIMEDOUT)
        timed_out = pthread_cond_timedwait(&c->quiet, &c->lock, &until);
    bool quiet = !c->first;
    pthread_mutex_unlock(&c->lock);
    return quiet;
}

void conns_cancel(struct conns *c)
{
    pthread_mutex_lock(&c->lock);
    for (struct conn *conn = c->first; conn; conn = conn->next)
        if (conn->cancel)
            atomic_store(conn->cancel, true);
    pthread_mutex_unlock(&c->lock);
}

void conns_shut(struct conns *c)
{
    pthread_mutex_lock(&c->lock);
    for (struct conn *conn = c->first; conn; conn = conn->next)
        shut(conn);
    pthread_mutex_unlock(&c->lock);
}

bool conns_working(struct conns *c)
{
    pthread_mutex_lock(&c->lock);
    bool working = false;
    for (struct conn *conn = c->first; conn; conn = conn->next)
        working = working || conn->phase == CONN_WORK;
    pthread_mutex_unlock(&c->lock);
    return working;
}
