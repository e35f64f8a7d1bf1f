/* http_log.h - reports a request to the access log and the metrics. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_LOG_H
#define UPSCALED_SERVER_HTTP_HTTP_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/err.h"

struct http_request;
struct service;

/* An error that was sent without the library. */
struct http_said {
    enum err_code code; /* ERR_OK: none was sent */
    size_t bytes;       /* of its body */
    bool left;          /* none: the work was cancelled because the client had left */
};

/* The end of the request, as its connection saw it. */
struct http_end {
    struct http_said said;
    int status; /* of the library's own reply; 0 if it sent none */
    bool whole; /* the whole reply was sent */
};

/* Writes the line of a request, and counts the request. */
void http_log(struct http_request *r, const struct http_end *end);

/* A request that the intake refused before the library saw its head. */
struct refused_request {
    int fd; /* of the connection */
    const char *id, *method, *target;
    int64_t took_ms;
    struct http_said said;
};

void http_log_refused(struct service *s, const struct refused_request *r);

#endif
