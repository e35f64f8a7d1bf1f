/* http_log.h - what the access log and the metrics say of a request. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_LOG_H
#define UPSCALED_SERVER_HTTP_HTTP_LOG_H

#include <stdbool.h>

#include "engine/base/err.h"

struct http_request;
struct service;

/* How the connection saw the request end. */
struct http_end {
    enum err_code said; /* what was sent past the library; ERR_OK: nothing */
    int status;         /* the library's, 0 where it sent none */
    bool whole;         /* the reply went out to its end */
};

/* Writes the request's line, and counts it. */
void http_log(struct http_request *r, const struct http_end *end);

/* A request that was refused before the library saw its head. */
struct refused_request {
    int fd; /* its connection */
    const char *id, *method, *target;
    int64_t took_ms;
    enum err_code said;
};

void http_log_refused(struct service *s, const struct refused_request *r);

#endif
