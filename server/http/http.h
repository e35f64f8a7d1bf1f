/* http.h - the HTTP half of the daemon: sockets to requests, replies to sockets.
 *
 * libmicrohttpd speaks the protocol with a few event threads, which never do pixel work. What it
 * does not do is done here: a filter of ambiguous requests, deadlines against slow clients,
 * noticing those that left, answers in mid-body, an orderly end. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_H
#define UPSCALED_SERVER_HTTP_HTTP_H

#include <stdbool.h>

#include "server/service/service.h"

struct http;

/* `s` is borrowed, and its models, jobs and pool must outlive the http. */
enum err_code http_new(struct service *s, struct http **out, struct err *e);

/* Serves a listening socket, which it takes over, also on failure. One that is inherited from a
 * supervisor goes on listening when this process stops. */
enum err_code http_listen(struct http *h, int fd, bool inherited, struct err *e);

/* Stops accepting, and waits until every connection has had its answer or timeout_ms have passed;
 * what is left then is cancelled, and new pictures refused. Call it once, before http_free. */
void http_drain(struct http *h, int64_t timeout_ms);

void http_free(struct http *h); /* NULL is fine */

#endif
