/* http_conn_answer.h - sends answers without the library: to a head that it never saw, and in the
 * middle of a body. The caller of each function holds the lock of the connections. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_CONN_ANSWER_H
#define UPSCALED_SERVER_HTTP_HTTP_CONN_ANSWER_H

#include "server/http/http_conn.h"

/* Sends the verdict of the connection or, if there is none, that the request was too slow. Logs the
 * end of a head that the library never saw. */
void conn_answer(struct conn *conn);

/* Does the same, and closes the connection. */
void conn_answer_and_shut(struct conn *conn);

/* Answers, ends our side of the stream, and gives the client `linger_ms` to end its
 * side. */
void conn_answer_and_linger(struct conn *conn, int64_t linger_ms);

/* Answers a request that the intake refused, once the requests before it have been answered. */
void conn_refuse_when_due(struct conn *conn);

#endif
