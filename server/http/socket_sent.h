/* socket_sent.h - finds how many of the bytes that were written to a socket have reached the other
 * side. */
#ifndef UPSCALED_SERVER_HTTP_SOCKET_SENT_H
#define UPSCALED_SERVER_HTTP_SOCKET_SENT_H

#include <stdbool.h>
#include <stdint.h>

/* Returns how many bytes the other side of a TCP connection has acknowledged; -1 if it is not
 * known. */
int64_t socket_acknowledged(int fd);

/* Whether the other side has yet to acknowledge bytes that were written to a TCP connection. */
bool socket_outstanding(int fd);

#endif
