/* http_work.h - the picture of a request in work, on a driver thread of server/work/jobs.h. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_WORK_H
#define UPSCALED_SERVER_HTTP_HTTP_WORK_H

#include "engine/base/buf.h"
#include "engine/transcode.h"

struct http_request;

struct http_work {
    struct buf output;
    struct transcode_report report;
    double queue_ms;  /* how long it waited */
    int client_place; /* in the table of clients, while it waits or runs */
};

/* Hands the picture to the drivers and suspends the connection, which resumes when the reply is
 * filled. ERR_BUSY, ERR_DRAINING: the connection was not suspended. */
enum err_code http_work(struct http_request *r, struct err *e);

#endif
