/* proxies.h - the proxies whose X-Forwarded-For is believed (--trusted-proxies). */
#ifndef UPSCALED_SERVER_ACCESS_PROXIES_H
#define UPSCALED_SERVER_ACCESS_PROXIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "engine/base/err.h"

enum { PROXIES_MAX = 64, PROXIES_TEXT_MAX = 64 };

struct proxies {
    int count;
    bool local; /* peers on a Unix socket are trusted */
    struct network {
        uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
        int bits;          /* 0..128 */
    } list[PROXIES_MAX];
};

/* Reads a list of addresses, networks (10.0.0.0/8, ::1) and `unix`, separated by commas. NULL: no
 * proxy is trusted. ERR_BAD_PARAMETER names the entry that cannot be read. */
enum err_code proxies_read(struct proxies *p, const char *text, struct err *e);

/* Writes the client's address: the peer's, or, when the peer is trusted, the last address in
 * `forwarded` (X-Forwarded-For, or NULL) that is not trusted. "unix" for a peer without an address. */
void proxies_client(const struct proxies *p, const struct sockaddr *peer, const char *forwarded,
                    char out[PROXIES_TEXT_MAX]);

#endif
