/* http_events.h - a request's progress as server-sent events (text/event-stream, HTML Living
 * Standard, section 9.2): an event `progress` whenever there is something new, until the request
 * has ended.
 *
 * Between events a connection is suspended; one thread looks ten times a second whether there is
 * something to say, and sleeps while nobody listens. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_EVENTS_H
#define UPSCALED_SERVER_HTTP_HTTP_EVENTS_H

#include "engine/base/err.h"
#include "server/work/progress.h"

struct http_events;
struct event_stream;
struct MHD_Connection;
struct MHD_Response;

/* `p` is borrowed and must outlive the events. */
enum err_code http_events_new(struct progress *p, struct http_events **out, struct err *e);
void http_events_free(struct http_events *v); /* NULL is fine; no stream may be left */

/* No stream is suspended from here on: each says what it has to say, and ends. The library must
 * not be stopped before. */
void http_events_stop(struct http_events *v);

/* Opens a stream about a ticket, which it takes over, also on failure. */
enum err_code http_events_open(struct http_events *v, struct ticket *t,
                               struct MHD_Connection *connection, struct event_stream **out,
                               struct err *e);
void http_events_close(struct event_stream *s);

/* The response, which takes the stream over; NULL when memory is out, and then the stream is still
 * the caller's. */
struct MHD_Response *http_events_response(struct event_stream *s);

#endif
