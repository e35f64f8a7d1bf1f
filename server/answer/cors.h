/* cors.h - lets pages of other origins use the API in a browser (fetch.spec.whatwg.org, "CORS
 * protocol"). Threads: pure functions. */
#ifndef UPSCALED_SERVER_ANSWER_CORS_H
#define UPSCALED_SERVER_ANSWER_CORS_H

#include "server/answer/reply.h"

/* Checks the value of --cors-origin: `*`, or a list as below. An origin that no browser sends, as
 * one with a path or without a scheme, would let nobody in. ERR_BAD_PARAMETER. */
enum err_code cors_check(const char *allowed, struct err *e);

/* Adds the headers that let a page of `origin` (the header's value, or NULL) read the reply, if
 * `allowed` lists that origin. `allowed` is a list of origins separated by commas, `*` for all, or
 * NULL for none. */
void cors_apply(struct reply *r, const char *allowed, const char *origin);

/* Adds the headers of an answer to a preflight request: the methods and headers that the page may
 * send. */
void cors_preflight(struct reply *r, const char *allowed, const char *origin, const char *methods);

#endif
