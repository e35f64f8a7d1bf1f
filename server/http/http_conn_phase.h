/* http_conn_phase.h - the phase of a connection, and the lists of idle connections. The caller of
 * each function but the last holds the lock of the connections. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_CONN_PHASE_H
#define UPSCALED_SERVER_HTTP_HTTP_CONN_PHASE_H

#include "server/http/http_conn.h"

/* A new connection has this time to send its first byte. */
enum { FRESH_MS = 1000 };

/* Sets the phase, and updates the lists of idle connections. Sets idle_ms when the connection
 * enters CONN_IDLE. */
void conn_set_phase(struct conn *conn, enum conn_phase phase);

/* Closes the connection in both directions. The library sees that, and ends it. */
void conn_shut(struct conn *conn);

/* Closes the connection of that address that has been idle for the longest time. Returns whether
 * there was one. A connection in which a request is arriving is not idle, and neither is a fresh
 * one. */
bool conns_make_room(struct conns *c, int address);

#endif
