/* raw_head.h - a request's head as it came, followed byte by byte before the HTTP library takes it
 * apart.
 *
 * libmicrohttpd 0.9.75 writes NUL over each line's end, be it CR LF, NUL LF or a bare LF, so that
 * afterwards nobody can tell what stood there. Here lines end in CR LF, none begins with a blank,
 * and there are no NUL bytes (RFC 9112, sections 2.2 and 5); anything else makes the head bad.
 * Threads: none; a connection's own. */
#ifndef UPSCALED_SERVER_HTTP_RAW_HEAD_H
#define UPSCALED_SERVER_HTTP_RAW_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

/* All zero: before the first request. */
struct raw_head {
    uint64_t body; /* bytes of the body in front that are still to come */
    size_t bytes;  /* of the head so far, from the request line on */
    size_t line;   /* of them in its last line, ends aside */
    size_t behind; /* bytes that came behind the end of the head */
    bool seen;     /* anything has come */
    bool begun;    /* the request line has; empty lines before it do not count */
    bool whole;    /* the empty line has */
    bool bad;
    char last;
};

/* `count` more bytes have come. Behind a whole head they are only counted. */
void raw_head_take(struct raw_head *h, const char *bytes, size_t count);

/* Whether a head that has `bytes`, as the library counts them, is the one that came and is good;
 * ERR_BAD_REQUEST. One of which nothing was seen is. */
enum err_code raw_head_judge(const struct raw_head *h, size_t bytes, struct err *e);

/* Goes on to the next request, whose head follows a body of `body` bytes (UINT64_MAX: nothing that
 * follows is one). What came behind the head lies at `end`, as it came. */
void raw_head_next(struct raw_head *h, const char *end, uint64_t body);

#endif
