/* socket_received.h - puts an intake between a socket and the HTTP library.
 *
 * libmicrohttpd has no hook between its socket and its parser. But it calls recv of the C library,
 * and a function that an ELF program defines itself takes precedence over that of every library. So
 * recv is defined here: for watched descriptors it is intake_receive. */
#ifndef UPSCALED_SERVER_HTTP_SOCKET_RECEIVED_H
#define UPSCALED_SERVER_HTTP_SOCKET_RECEIVED_H

#include <stdbool.h>

#include "server/http/intake.h"

/* Makes recv on `fd`, in any thread, go through `in`. Returns false if the number of the descriptor
 * is too large. Call socket_forget before the descriptor is closed. */
bool socket_watch(int fd, struct intake *in);
void socket_forget(int fd);

/* Returns what the socket holds that has not been received yet: nothing, bytes, or the end of the
 * stream. */
enum socket_look { SOCKET_STILL, SOCKET_SPEAKS, SOCKET_ENDED };
enum socket_look socket_look(int fd);

#endif
