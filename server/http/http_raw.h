/* http_raw.h - writes an answer to the socket without the library. The library accepts a reply only
 * for a head that it has read, and only before or after the body. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_RAW_H
#define UPSCALED_SERVER_HTTP_HTTP_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include "server/options/options.h"

struct raw_answer {
    int fd;
    const char *id, *origin; /* NULL: none */
    bool bodiless;           /* the request's method was HEAD */
    const struct err *why;
};

/* Sends the problem. Call it while the library reads, so that it does not write. Bytes that do not
 * fit into the buffer of the socket at once are lost: the reply is small, and no thread may wait
 * here. Returns the bytes of the body that were sent. */
size_t http_raw_send(const struct options *o, const struct raw_answer *a);

#endif
