/* http_filter.h - refuses requests that another HTTP agent could read as two.
 *
 * libmicrohttpd 0.9.75 accepts conflicting lengths and odd header names (RFC 9112, section 11.2:
 * request smuggling). This is a pure function over what it parsed, called before anything else is
 * looked at. What it hides - lines that begin with a NUL byte end the head for it, bare line feeds
 * end lines, folded ones are joined - shows in where its strings lie: http_filter_layout. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_FILTER_H
#define UPSCALED_SERVER_HTTP_HTTP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

/* One header line; not terminated by NUL. A NULL value is an empty one. */
struct http_field {
    const char *name, *value;
    size_t name_length, value_length;
};

struct http_head {
    const char *method, *version, *target; /* target: as sent, with its query */
    const struct http_field *fields;
    size_t field_count;
    size_t bytes; /* of the whole head, as the library counts them: http_filter_layout's */
};

/* What the header lines say of the body. */
struct http_framing {
    bool chunked;
    bool sized;      /* Content-Length was given */
    uint64_t length; /* its value, 0 where none */
};

/* Judges a request head. On ERR_OK *out is filled; else ERR_BAD_REQUEST, after which the
 * connection must be closed: where its next request begins is not known. */
enum err_code http_filter(const struct http_head *head, struct http_framing *out, struct err *e);

/* Whether the head was only what `head` says of it. The library takes a request apart where it has
 * received it, from the method on, and leaves a NUL byte for each colon and each byte of the line
 * ends that it took. So the version and the fields, in their order, must follow each other with two
 * NUL bytes between (CR and LF), and the last must end four before the end, or something else was
 * there. ERR_BAD_REQUEST as above. The strings of `head` must be the library's own.
 *
 * One thing cannot be told: a head that ends in NUL LF in place of CR LF. raw_head.h sees that. */
enum err_code http_filter_layout(const struct http_head *head, struct err *e);

#endif
