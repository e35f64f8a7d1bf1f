/* http_conn_answer.c - see http_conn_answer.h. */
#include "server/http/http_conn_answer.h"

#include <string.h>
#include <sys/socket.h>

#include "engine/base/clock.h"
#include "server/http/http_conn_phase.h"
#include "server/http/http_log.h"
#include "server/http/http_raw.h"
#include "server/http/request_id.h"

static void tell_timeout(const struct conn *conn, struct err *e)
{
    const struct options *o = conn->conns->service->options;
    if (conn->phase == CONN_BODY)
        err_set_limit(e, ERR_TIMEOUT, "body-timeout", (uint64_t)o->body_timeout,
                      "the body did not arrive within %lld s, nor at %lld bytes per second "
                      "(--body-timeout, --min-rate)",
                      (long long)o->body_timeout, (long long)o->min_rate);
    else
        err_set_limit(e, ERR_TIMEOUT, "header-timeout", (uint64_t)o->header_timeout,
                      "the headers did not arrive within %lld s (--header-timeout)",
                      (long long)o->header_timeout);
}

/* Answers a head that never reached the library, so that only this function logs its end. */
static void answer_head(struct conn *conn, struct raw_answer *a)
{
    struct service *s = conn->conns->service;
    const struct intake_refused *r = &conn->intake.refused;
    char id[OUR_ID_BYTES + 1];
    request_id_make(id);
    a->id = r->id && request_id_is_plain(r->id) ? r->id : id;
    a->origin = r->origin;
    a->bodiless = r->method && strcmp(r->method, "HEAD") == 0;
    size_t bytes = http_raw_send(s->options, a);
    http_log_refused(s, &(struct refused_request){
                            .fd = conn->fd,
                            .id = a->id,
                            .method = r->method,
                            .target = r->target,
                            .took_ms = clock_ms() - conn->begun_ms,
                            .said = {.code = conn->verdict.code, .bytes = bytes},
                        });
}

void conn_answer(struct conn *conn)
{
    struct raw_answer a = {conn->fd, conn->id, conn->origin, false, &conn->verdict};
    if (conn->verdict.code == ERR_OK)
        tell_timeout(conn, &conn->verdict);
    conn->said.code = conn->verdict.code;
    if (conn->active)
        conn->said.bytes = http_raw_send(conn->conns->service->options, &a);
    else
        answer_head(conn, &a);
}

void conn_answer_and_shut(struct conn *conn)
{
    conn_answer(conn);
    conn_shut(conn);
}

void conn_answer_and_linger(struct conn *conn, int64_t linger_ms)
{
    conn_answer(conn);
    shutdown(conn->fd, SHUT_WR);
    conn_set_phase(conn, CONN_LINGER);
    conn->deadline_ms = clock_ms() + linger_ms;
}

void conn_refuse_when_due(struct conn *conn)
{
    struct intake *in = &conn->intake;
    unsigned under_way = atomic_load(&in->heads) - conn->ended;
    if (in->state != INTAKE_REFUSED || conn->phase == CONN_LOST || conn->phase == CONN_LINGER)
        return;
    if (conn->closes && under_way == 0)
        return; /* the library closes the connection */
    if (in->in_body && under_way == 0) {
        conn_shut(conn); /* its request has been answered in another way */
    } else if (in->in_body ? under_way == 1 && conn->phase == CONN_BODY : under_way == 0) {
        if (conn->verdict.code == ERR_OK)
            conn->verdict = in->verdict;
        conn_answer_and_linger(conn, conn->conns->service->options->drain_timeout * 1000);
    }
}
