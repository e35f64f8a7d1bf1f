/* listen.h - listening sockets: the addresses of --listen, and what a supervisor handed over. */
#ifndef UPSCALED_SERVER_HOST_LISTEN_H
#define UPSCALED_SERVER_HOST_LISTEN_H

#include <stdbool.h>

#include "engine/base/err.h"

enum { LISTEN_URL_MAX = 192, LISTENERS_MAX = 32 };

struct listener {
    int fd;                   /* -1: somebody has taken it over */
    char url[LISTEN_URL_MAX]; /* as people reach it, with the port that was given for 0 */
    char path[108];           /* of a unix socket, to be removed at the end; else "" */
    bool inherited;           /* others may accept from it, now and after us */
};

struct listeners {
    struct listener list[LISTENERS_MAX];
    int count;
};

/* Adds host:port (every address of the host that this machine has), [v6]:port, :port (all addresses
 * of IPv4) or unix:/path. A unix socket that nobody listens on is replaced. ERR_BAD_PARAMETER for
 * the text, ERR_IO for the system; they name the address. */
enum err_code listeners_open(struct listeners *l, const char *address, struct err *e);

/* Adds the descriptors first .. first + count - 1, which must be listening stream sockets and are
 * made close-on-exec and non-blocking. ERR_IO names the one that is not. */
enum err_code listeners_inherit(struct listeners *l, int first, int count, struct err *e);

/* Closes what nobody took, and removes the unix sockets that were opened here. */
void listeners_done(struct listeners *l);

#endif
