/* http_reload.h - POST /v1/reload. */
#ifndef UPSCALED_SERVER_HTTP_HTTP_RELOAD_H
#define UPSCALED_SERVER_HTTP_HTTP_RELOAD_H

struct http_request;

/* Suspends the connection until the main thread has read the files and filled the reply. */
void http_reload(struct http_request *r);

#endif
