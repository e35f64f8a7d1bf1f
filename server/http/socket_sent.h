/* socket_sent.h - how much of what was written to a socket has arrived at the other side. */
#ifndef UPSCALED_SERVER_HTTP_SOCKET_SENT_H
#define UPSCALED_SERVER_HTTP_SOCKET_SENT_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that a TCP connection's other side has acknowledged so far; -1 where that is not known. */
int64_t socket_acknowledged(int fd);

/* Whether bytes that were written to a TCP connection have not been acknowledged yet. */
bool socket_outstanding(int fd);

#endif
