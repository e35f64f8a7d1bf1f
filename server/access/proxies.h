/* proxies.h - whose word about the client's address counts (--trusted-proxies). */
#ifndef UPSCALED_SERVER_ACCESS_PROXIES_H
#define UPSCALED_SERVER_ACCESS_PROXIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "engine/base/err.h"

enum { PROXIES_MAX = 64, PROXIES_TEXT_MAX = 64 };

struct proxies {
    int count;
    bool local; /* whoever comes by a unix socket */
    struct network {
        uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
        int bits;          /* 0..128 */
    } list[PROXIES_MAX];
};

/* Reads addresses and networks (10.0.0.0/8, ::1) and `unix`, separated by commas; NULL: nobody.
 * ERR_BAD_PARAMETER names what is neither. */
enum err_code proxies_read(struct proxies *p, const char *text, struct err *e);

/* The client's address as text: the peer's, or, where that is trusted, the last address in
 * `forwarded` (X-Forwarded-For, or NULL) that is not. "unix" for a peer without one. */
void proxies_client(const struct proxies *p, const struct sockaddr *peer, const char *forwarded,
                    char out[PROXIES_TEXT_MAX]);

#endif
