/* http.h - the HTTP part of the daemon: turns bytes from sockets into requests, and replies into
 * bytes.
 *
 * libmicrohttpd implements the protocol with a few event threads, which never compute pixels. This
 * folder adds what the library lacks: it refuses ambiguous requests, enforces deadlines against
 * slow clients, notices clients that have left, answers before a body is complete, and shuts down
 * in order. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_H
#define UPSCALED_SERVER_HTTP_HTTP_H

#include <stdbool.h>

#include "server/host/listen.h"
#include "server/service/service.h"

struct http;

/* `s` is borrowed, and its models, jobs and pool must outlive the http. */
enum err_code http_new(struct service *s, struct http **out, struct err *e);

/* Serves the listening sockets. It owns them from now on, also on failure. Sockets that are
 * inherited from a supervisor still listen after this process stops. Call it once. */
enum err_code http_serve(struct http *h, struct listeners *l, struct err *e);

/* Stops accepting connections, and waits until every connection has its answer or timeout_ms have
 * passed. Then it cancels the remaining requests and refuses new pictures. Call it once, before
 * http_free. */
void http_drain(struct http *h, int64_t timeout_ms);

void http_free(struct http *h); /* NULL is fine */

#endif
