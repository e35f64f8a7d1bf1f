/* http_raw.h - a verdict written to the socket past the library, which takes a reply only before a
 * body or after it. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_RAW_H
#define UPSCALED_SERVER_HTTP_HTTP_RAW_H

#include "server/http/http_conn.h"

/* Sends the connection's verdict, or that it was too slow where it has none. Under the lock of its
 * conns, while the library is reading and so not writing. What does not fit into the socket's
 * buffer at once is lost: the reply is small, and nobody may wait here. */
void http_raw_send(const struct options *o, struct conn *conn);

#endif
