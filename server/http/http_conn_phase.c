/* http_conn_phase.c - see http_conn_phase.h. */
#include "server/http/http_conn_phase.h"

#include <sys/socket.h>

#include "engine/base/clock.h"
#include "server/http/socket_received.h"

/* The number of idle connections that are examined to find one to close. More would hold the lock
 * for too long. */
enum { LOOKS = 16 };

static void list_idle(struct conn *conn)
{
    struct idle_conns *idle = &conn->conns->idle[conn->address];
    conn->idle_ms = clock_ms();
    conn->idler = NULL;
    conn->idled = idle->last;
    *(idle->last ? &idle->last->idler : &idle->first) = conn;
    idle->last = conn;
}

static void unlist_idle(struct conn *conn)
{
    struct idle_conns *idle = &conn->conns->idle[conn->address];
    *(conn->idled ? &conn->idled->idler : &idle->first) = conn->idler;
    *(conn->idler ? &conn->idler->idled : &idle->last) = conn->idled;
}

void conn_set_phase(struct conn *conn, enum conn_phase phase)
{
    if (conn->phase == CONN_IDLE)
        unlist_idle(conn);
    if (phase == CONN_IDLE)
        list_idle(conn);
    conn->phase = phase;
}

void conn_shut(struct conn *conn)
{
    shutdown(conn->fd, SHUT_RDWR);
    conn_set_phase(conn, CONN_LOST);
}

static bool may_go(const struct conn *conn, int64_t now_ms)
{
    return (!conn->fresh || now_ms >= conn->idle_ms + FRESH_MS) &&
           socket_look(conn->fd) != SOCKET_SPEAKS;
}

bool conns_make_room(struct conns *c, int address)
{
    int64_t now_ms = clock_ms();
    pthread_mutex_lock(&c->lock);
    struct conn *conn = c->idle[address].first;
    for (int i = 0; i < LOOKS && conn && !may_go(conn, now_ms); i++)
        conn = conn->idler;
    bool found = conn && may_go(conn, now_ms);
    if (found)
        conn_shut(conn);
    pthread_mutex_unlock(&c->lock);
    return found;
}
