/* http_progress.h - /v1/requests/{id}: how far a request is, and its cancellation. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_PROGRESS_H
#define UPSCALED_SERVER_HTTP_HTTP_PROGRESS_H

#include "engine/base/err.h"

struct http_request;

/* From here on an upload is found by its id; until here, and then its reply tells how it ended. */
void http_progress_enter(struct http_request *r);
void http_progress_leave(struct http_request *r);

/* Fills the reply, or opens the event stream, of a request about another one. ERR_NO_ROUTE where
 * that one is not found. */
enum err_code http_progress(struct http_request *r, const char *method, const char *id,
                            struct err *e);

#endif
