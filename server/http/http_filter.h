/* http_filter.h - refuses requests that two HTTP agents could read in two ways (RFC 9112, section
 * 11.2: request smuggling).
 *
 * It is a pure function over the parts of a head. It is applied twice: to the bytes that arrived
 * (request_head.h), and to what the HTTP library made of them. */
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
};

/* What the header lines say of the body. */
struct http_framing {
    bool chunked;
    bool sized;      /* Content-Length was given */
    uint64_t length; /* its value, 0 where none */
};

/* Judges a request head. On ERR_OK *out is filled. After ERR_BAD_REQUEST or ERR_HTTP_VERSION the
 * connection must be closed: where its next request begins is not known. */
enum err_code http_filter(const struct http_head *head, struct http_framing *out, struct err *e);

#endif
