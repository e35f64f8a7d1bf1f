/* listen.h - an address of --listen made a listening socket. */
#ifndef UPSCALED_SERVER_LISTEN_H
#define UPSCALED_SERVER_LISTEN_H

#include "engine/base/err.h"

enum { LISTEN_URL_MAX = 192 };

struct listener {
    int fd;
    char url[LISTEN_URL_MAX]; /* as people reach it, with the port that was given for 0 */
    char path[108];           /* of a unix socket, to be removed at the end; else "" */
};

/* host:port, [v6]:port, :port (all addresses of IPv4) or unix:/path. A unix socket that nobody
 * listens on is replaced. ERR_BAD_PARAMETER for the text, ERR_IO for the system; they name it. */
enum err_code listen_open(const char *address, struct listener *out, struct err *e);

#endif
