/* socket_received.h - puts an intake between a socket and the HTTP library.
 *
 * libmicrohttpd has no hook between its socket and its parser. But it calls the C library's recv, and
 * an ELF program's own definition of a function takes precedence over that of every library. So recv
 * is defined here: for watched descriptors it is intake_receive. */
#ifndef UPSCALED_SERVER_HTTP_SOCKET_RECEIVED_H
#define UPSCALED_SERVER_HTTP_SOCKET_RECEIVED_H

#include <stdbool.h>

#include "server/http/intake.h"

/* From now on recv on `fd`, in any thread, goes through `in`. Returns false when the descriptor's
 * number is too large. Call socket_forget before the descriptor is closed. */
bool socket_watch(int fd, struct intake *in);
void socket_forget(int fd);

/* What the socket holds that has not been received yet: nothing, bytes, or the end of the stream. */
enum socket_look { SOCKET_STILL, SOCKET_SPEAKS, SOCKET_ENDED };
enum socket_look socket_look(int fd);

#endif
