/* http_conn.c - see http_conn.h. */
#include "server/http/http_conn.h"

#include <errno.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "server/http/http_conn_answer.h"
#include "server/http/http_conn_phase.h"
#include "server/http/request_head.h"
#include "server/http/socket_received.h"
#include "server/http/socket_sent.h"

enum {
    OTHER_BYTES = 8192,   /* our own memory for a connection and its request */
    REPLY_HEAD_MAX = 6144 /* in the library's memory: REPLY_HEADERS_MAX lines and its own */
};
enum { FIELD_BYTES = 64 }; /* what the library keeps of a header line or a parameter */

size_t conns_library_bytes(const struct options *o)
{
    return (size_t)o->connection_memory + (HEAD_READ_MAX + HEAD_ARGUMENTS_MAX) * FIELD_BYTES +
           REPLY_HEAD_MAX;
}

int64_t conns_bytes_each(const struct options *o)
{
    return (int64_t)conns_library_bytes(o) + OTHER_BYTES;
}

static void begin_head(struct conn *conn)
{
    conn->fresh = false;
    if (conn->phase != CONN_IDLE)
        return;
    conn_set_phase(conn, CONN_HEAD);
    conn->begun_ms = clock_ms();
    conn->deadline_ms = conn->begun_ms + conn->conns->service->options->header_timeout * 1000;
}

static void on_begun(void *arg)
{
    struct conn *conn = arg;
    pthread_mutex_lock(&conn->conns->lock);
    begin_head(conn);
    pthread_mutex_unlock(&conn->conns->lock);
}

static void on_refused(void *arg)
{
    struct conn *conn = arg;
    pthread_mutex_lock(&conn->conns->lock);
    begin_head(conn);
    conn_refuse_when_due(conn);
    pthread_mutex_unlock(&conn->conns->lock);
}

/* The library may miss the end of a stream that arrives together with data: its epoll is
 * edge-triggered, and a short read tells it that the socket is empty. A request whose body is cut
 * off gets its answer if it is refused by what arrived before; the library may be about to judge
 * that. Otherwise the watchdog closes the connection. */
static void on_ended(void *arg)
{
    struct conn *conn = arg;
    pthread_mutex_lock(&conn->conns->lock);
    bool in_head = conn->intake.state == INTAKE_HEAD;
    conn->cut_ms = in_head ? 0 : clock_ms();
    if (in_head && atomic_load(&conn->intake.heads) == conn->ended)
        conn_shut(conn);
    else if (!in_head && conn->phase == CONN_BODY && conn->hurried)
        conn_answer_and_shut(conn);
    pthread_mutex_unlock(&conn->conns->lock);
}

/* Whether requests are under way before the one that is arriving. */
static bool on_answers(void *arg)
{
    struct conn *conn = arg;
    pthread_mutex_lock(&conn->conns->lock);
    unsigned incomplete = conn->intake.state == INTAKE_HEAD ? 0 : 1;
    bool answers = atomic_load(&conn->intake.heads) - conn->ended > incomplete;
    pthread_mutex_unlock(&conn->conns->lock);
    return answers;
}

static void on_sized(void *arg, size_t before, size_t after)
{
    struct conn *conn = arg;
    struct budget *budget = &conn->conns->service->budget;
    if (after > before)
        budget_charge(budget, BUDGET_CONNECTIONS, (int64_t)(after - before));
    else
        budget_give(budget, BUDGET_CONNECTIONS, (int64_t)(before - after));
}

static const struct intake_events intake_events = {on_begun, on_refused, on_ended, on_answers,
                                                   on_sized};

struct conn *conns_add(struct conns *c, int fd, int address)
{
    struct conn *conn = mem_calloc(1, sizeof *conn);
    if (!conn)
        return NULL;
    const struct options *o = c->service->options;
    intake_init(&conn->intake, (size_t)o->connection_memory, &intake_events, conn);
    conn->conns = c;
    if (!socket_watch(fd, &conn->intake)) {
        mem_free(conn);
        return NULL;
    }
    budget_charge(&c->service->budget, BUDGET_CONNECTIONS, conns_bytes_each(o));
    conn->fd = fd;
    conn->address = address;
    conn->fresh = true;
    pthread_mutex_lock(&c->lock);
    conn_set_phase(conn, CONN_IDLE);
    conn->deadline_ms = conn->idle_ms + o->header_timeout * 1000;
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
    conn_set_phase(conn, CONN_LOST); /* no longer idle */
    if (c->next_watched == conn)
        c->next_watched = conn->next;
    *conn->link = conn->next;
    if (conn->next)
        conn->next->link = conn->link;
    pthread_cond_broadcast(&c->quiet);
    pthread_mutex_unlock(&c->lock);
    intake_done(&conn->intake);
    budget_give(&c->service->budget, BUDGET_CONNECTIONS, conns_bytes_each(c->service->options));
    mem_free(conn);
}

void conns_begin(struct conns *c, struct conn *conn, const char *id, atomic_bool *cancel)
{
    pthread_mutex_lock(&c->lock);
    conn->active = true;
    conn->id = id;
    conn->cancel = cancel;
    conn->verdict = (struct err)ERR_INIT;
    conn->said = (struct http_said){.code = ERR_OK};
    conn->hurried = false;
    begin_head(conn);
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

struct http_said conns_end(struct conns *c, struct conn *conn)
{
    pthread_mutex_lock(&c->lock);
    conn->active = false;
    conn->id = conn->origin = NULL;
    conn->cancel = NULL;
    conn->ended++;
    conn->streams = false;
    struct http_said said = conn->said;
    if (conn->phase != CONN_LOST && conn->phase != CONN_LINGER) {
        conn_set_phase(conn, CONN_IDLE);
        conn->deadline_ms = conn->idle_ms + c->service->options->idle_timeout * 1000;
        conn->verdict = (struct err)ERR_INIT;
        if (conn->intake.begun)
            begin_head(conn);
        conn_refuse_when_due(conn);
    }
    pthread_mutex_unlock(&c->lock);
    return said;
}

enum conn_phase conns_enter(struct conns *c, struct conn *conn, enum conn_phase phase,
                            int64_t timeout_ms)
{
    pthread_mutex_lock(&c->lock);
    if (conn->phase != CONN_LOST && conn->phase != CONN_LINGER) {
        conn_set_phase(conn, phase);
        conn->deadline_ms = clock_ms() + timeout_ms;
        conn->moved = conn->moved_before = 0;
        if (conn->cut_ms > 0)
            conn->cut_ms = clock_ms();
        conn_refuse_when_due(conn);
    }
    phase = conn->phase;
    pthread_mutex_unlock(&c->lock);
    return phase;
}

enum conn_phase conns_begin_body(struct conns *c, struct conn *conn)
{
    return conns_enter(c, conn, CONN_BODY, c->service->options->body_timeout * 1000);
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
    int64_t acked = socket_acknowledged(conn->fd),
            timeout_ms = c->service->options->write_timeout * 1000;
    if (acked < 0)
        timeout_ms += (int64_t)length * 1000 / c->service->options->min_rate;
    enum conn_phase phase = conns_enter(c, conn, CONN_REPLY, timeout_ms);
    pthread_mutex_lock(&c->lock);
    conn->moved_before = acked;
    pthread_mutex_unlock(&c->lock);
    return phase;
}

void conns_close(struct conns *c, struct conn *conn)
{
    pthread_mutex_lock(&c->lock);
    conn->closes = true;
    pthread_mutex_unlock(&c->lock);
}

enum conn_phase conns_begin_stream(struct conns *c, struct conn *conn)
{
    enum conn_phase phase = conns_begin_reply(c, conn, 0);
    pthread_mutex_lock(&c->lock);
    conn->streams = true;
    pthread_mutex_unlock(&c->lock);
    return phase;
}

enum conn_phase conns_begin_work(struct conns *c, struct conn *conn, bool interim)
{
    pthread_mutex_lock(&c->lock);
    conn->interim = interim;
    conn->probed_ms = 0;
    pthread_mutex_unlock(&c->lock);
    return conns_enter(c, conn, CONN_WORK, 0);
}

void conns_hurry(struct conns *c, struct conn *conn, const struct err *verdict, int64_t timeout_ms)
{
    pthread_mutex_lock(&c->lock);
    int64_t deadline_ms = clock_ms() + timeout_ms;
    if (deadline_ms < conn->deadline_ms)
        conn->deadline_ms = deadline_ms;
    conn->verdict = *verdict;
    conn->hurried = true;
    if (conn->cut_ms > 0 && conn->phase == CONN_BODY)
        conn_answer_and_shut(conn);
    pthread_mutex_unlock(&c->lock);
}

void conns_answer_raw(struct conns *c, struct conn *conn, int64_t linger_ms)
{
    pthread_mutex_lock(&c->lock);
    if (conn->phase == CONN_BODY)
        conn_answer_and_linger(conn, linger_ms);
    pthread_mutex_unlock(&c->lock);
}

void conns_init(struct conns *c, struct service *s)
{
    pthread_condattr_t clock;
    *c = (struct conns){.service = s};
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&c->quiet, &clock);
    pthread_condattr_destroy(&clock);
}

void conns_done(struct conns *c)
{
    pthread_cond_destroy(&c->quiet);
    pthread_mutex_destroy(&c->lock);
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
        conn_shut(conn);
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
