/* http_work.h - enlarges the picture of a request, on a driver thread (server/work/jobs.h). */
#ifndef UPSCALED_SERVER_HTTP_HTTP_WORK_H
#define UPSCALED_SERVER_HTTP_HTTP_WORK_H

#include "engine/base/buf.h"
#include "engine/transcode.h"

struct http_request;

struct http_work {
    struct buf output;
    struct transcode_report report;
    double queue_ms;  /* the time that the request waited */
    int client_place; /* its index in the table of clients, while it waits or runs */
};

/* Submits the picture to the job queue and suspends the connection, which resumes when the reply is
 * filled. On an error (ERR_BUSY, ERR_DRAINING, ERR_TIMEOUT) the connection was not suspended. */
enum err_code http_work(struct http_request *r, struct err *e);

#endif
