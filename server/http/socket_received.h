/* socket_received.h - what an HTTP library receives, seen before it does.
 *
 * libmicrohttpd has no hook between its socket and its parser. But it takes bytes by the C
 * library's recv, and an ELF program's own definition of a function comes before that of every
 * library: so recv is defined here. It does what recv does, and shows what came to whoever watches
 * that descriptor. */
#ifndef UPSCALED_SERVER_HTTP_SOCKET_RECEIVED_H
#define UPSCALED_SERVER_HTTP_SOCKET_RECEIVED_H

#include <stdbool.h>

#include "server/http/raw_head.h"

/* From now on `h` takes what is received from `fd`, by whichever thread receives it; false where
 * the descriptor's number is too large. Until socket_forget, which must come before the close. */
bool socket_watch(int fd, struct raw_head *h);
void socket_forget(int fd);

#endif
