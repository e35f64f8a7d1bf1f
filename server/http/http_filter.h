/* http_filter.h - refuses requests that two HTTP agents could read in two ways (RFC 9112, section
 * 11.2: request smuggling).
 *
 * The filter is a pure function of the parts of a head. It runs twice: on the bytes that arrived
 * (request_head.h), and on what the HTTP library made of them. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_FILTER_H
#define UPSCALED_SERVER_HTTP_HTTP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

/* One header line. Its strings do not end in NUL. A NULL value means an empty one. */
struct http_field {
    const char *name, *value;
    size_t name_length, value_length;
};

struct http_head {
    const char *method, *version, *target; /* the target as sent, with its query */
    const struct http_field *fields;
    size_t field_count;
};

/* What the header lines say about the body. */
struct http_framing {
    bool chunked;
    bool sized;      /* Content-Length was given */
    uint64_t length; /* the value of Content-Length; 0 if none was given */
};

/* Whether a body follows. */
static inline bool http_has_body(const struct http_framing *f)
{
    return f->chunked || f->length > 0;
}

/* Judges one header line by itself: its name, and the bytes of its value. ERR_BAD_REQUEST. */
enum err_code http_filter_field(const struct http_field *f, struct err *e);

/* Judges a request head. On ERR_OK *out is filled. After ERR_BAD_REQUEST or ERR_HTTP_VERSION the
 * caller must close the connection, because nobody knows where the next request begins. */
enum err_code http_filter(const struct http_head *head, struct http_framing *out, struct err *e);

#endif
