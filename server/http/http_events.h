/* http_events.h - sends the progress of a request as server-sent events (text/event-stream, HTML
 * Living Standard, section 9.2): an event `progress` whenever the progress changes, until the
 * request ends.
 *
 * Between events a connection is suspended. One thread checks ten times a second whether the
 * progress has changed, and sleeps while no stream is open. */
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

/* Ends all streams: from now on no stream is suspended, and each sends its last event and ends.
 * Call it before the library is stopped. NULL is fine. */
void http_events_stop(struct http_events *v);

/* Opens a stream about the request of a ticket. The stream owns the ticket from now on, also on
 * failure. */
enum err_code http_events_open(struct http_events *v, struct ticket *t,
                               struct MHD_Connection *connection, struct event_stream **out,
                               struct err *e);
void http_events_close(struct event_stream *s);

/* Returns the response, which then owns the stream. Returns NULL if there is not enough memory; the
 * stream then still belongs to the caller. */
struct MHD_Response *http_events_response(struct event_stream *s);

#endif
