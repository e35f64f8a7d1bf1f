/* proxies.h - the proxies whose X-Forwarded-For is believed (--trusted-proxies). Threads: any,
 * because a struct proxies never changes once it is read. */
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
        int bits;          /* number of leading bits that must match, 0..128 */
    } list[PROXIES_MAX];
};

/* Reads a list of addresses (::1), networks (10.0.0.0/8) and `unix`, separated by commas. NULL: no
 * proxy is trusted. ERR_BAD_PARAMETER names the entry that cannot be read. */
enum err_code proxies_read(struct proxies *p, const char *text, struct err *e);

/* Writes the client's address, or "unix" if it has none. It is the peer's address or, if the peer
 * is trusted, the last address in `forwarded` (X-Forwarded-For, or NULL) that is not trusted. */
void proxies_client(const struct proxies *p, const struct sockaddr *peer, const char *forwarded,
                    char out[PROXIES_TEXT_MAX]);

#endif
