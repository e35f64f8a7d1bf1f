/* request_head.h - parses and judges the bytes of a request's head, and writes them again in their
 * plainest form (RFC 9112, sections 2, 3 and 5).
 *
 * The HTTP library sees only the written form: one blank between words, lines that end in CR LF, no
 * absolute targets, and only those header lines that the server or the library reads. Two agents
 * cannot read it in two ways, and the memory of a connection does not depend on the other lines. */
#ifndef UPSCALED_SERVER_HTTP_REQUEST_HEAD_H
#define UPSCALED_SERVER_HTTP_REQUEST_HEAD_H

#include <stdint.h>

#include "server/http/http_filter.h"

enum {
    HEAD_FIELDS_MAX = 500, /* header lines, without those of Cookie */
    HEAD_READ_MAX = 100,   /* those among them that are written */
    HEAD_ARGUMENTS_MAX = 64,
    AUTHORITY_MAX = 261,
};

/* All strings point into the bytes of the head, where they end in NUL. */
struct request_head {
    const char *method, *target, *version; /* target: the path and the query */
    const char *id, *origin;               /* the values of X-Request-ID and Origin; NULL: none */
    char authority[AUTHORITY_MAX + 1];     /* of a target in absolute form, or "" */
    struct http_field fields[HEAD_FIELDS_MAX]; /* without those of Cookie, which nobody reads */
    size_t field_count;
};

/* Parses a head and judges it. `bytes` must be a complete head whose lines all end in CR LF and
 * which has no other CR, LF or NUL. On ERR_BAD_REQUEST, ERR_HTTP_VERSION or ERR_HEAD_TOO_LARGE,
 * *out holds the parts that were read before the error; the other strings are "" or NULL. */
enum err_code request_head_read(char *bytes, size_t length, struct request_head *out,
                                struct http_framing *framing, struct err *e);

/* Writes the plain form of a head that was accepted over the bytes that it was read from. Returns
 * its length, which is never more than that of the bytes. Without a body there is nothing to
 * continue with, and no line of Expect is written: after such a 100, libmicrohttpd 0.9 closes the
 * connection without an answer if the next request has arrived. */
size_t request_head_write(const struct request_head *h, const struct http_framing *framing,
                          char *bytes);

#endif
