/* http_progress.h - /v1/requests/{id}: shows the progress of a request, and cancels it. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_PROGRESS_H
#define UPSCALED_SERVER_HTTP_HTTP_PROGRESS_H

#include "engine/base/err.h"

struct http_request;

/* http_progress_enter makes an upload known by its id. http_progress_leave ends that; the status of
 * the reply says how the upload ended. */
void http_progress_enter(struct http_request *r);
void http_progress_leave(struct http_request *r);

/* Fills the reply, or opens the event stream, for a query about another request. ERR_NO_ROUTE if
 * that request is not found. */
enum err_code http_progress(struct http_request *r, const char *method, const char *id,
                            struct err *e);

#endif
