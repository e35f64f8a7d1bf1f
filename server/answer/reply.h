/* reply.h - an answer before it is sent: status, headers and body. It does not depend on the HTTP
 * library. Threads: a reply belongs to one thread at a time. */
#ifndef UPSCALED_SERVER_ANSWER_REPLY_H
#define UPSCALED_SERVER_ANSWER_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"
#include "engine/base/err.h"

enum { REPLY_HEADERS_MAX = 16, REPLY_VALUE_MAX = 192 };

struct reply_header {
    const char *name; /* static storage */
    char value[REPLY_VALUE_MAX];
    char *text; /* a longer value, from malloc, instead of `value`; or NULL */
};

struct reply {
    int status;
    const char *code;   /* code of an error, in static storage; else NULL */
    const char *type;   /* Content-Type, static storage; NULL: none */
    const char *policy; /* Content-Security-Policy, static storage; NULL: none */
    uint8_t *body;
    size_t length;
    void (*release)(void *body);                    /* frees the body; NULL: static storage */
    struct reply_header headers[REPLY_HEADERS_MAX]; /* besides Content-Type and Content-Length */
    int header_count;
    bool close; /* the connection closes after this reply */
};

void reply_init(struct reply *r);
void reply_done(struct reply *r);

/* Adds a header. `name` is in static storage. A value that is too long is cut off; a header beyond
 * REPLY_HEADERS_MAX is left out. */
void reply_header(struct reply *r, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds a header with a value of any length, which is copied. ERR_MEMORY. */
enum err_code reply_long_header(struct reply *r, const char *name, const char *value,
                                struct err *e);
const char *reply_header_value(const struct reply_header *h);

/* The following functions fill `r`, and keep the headers that were added before. They free the body
 * that it had.
 *
 * reply_text: the body is text in static storage. */
void reply_text(struct reply *r, int status, const char *type, const char *text);
/* The body is text from malloc, which the reply then owns. If it is NULL, the reply says that
 * memory is out. */
void reply_owned(struct reply *r, int status, const char *type, char *text);
/* The body is the contents of `b`, which is left empty. */
void reply_bytes(struct reply *r, int status, const char *type, struct buf *b);
/* The body is the problem of `e`. A 503 has Retry-After. */
void reply_error(struct reply *r, const struct err *e);

/* Writes the reply as the bytes of an HTTP/1.1 response that closes the connection, for cases in
 * which the HTTP library cannot send it. ERR_MEMORY. */
enum err_code reply_render(const struct reply *r, struct buf *out, struct err *e);

#endif
