/* cors.h - which pages of other origins may use the API in a browser (fetch.spec.whatwg.org,
 * "CORS protocol"). */
#ifndef UPSCALED_SERVER_ANSWER_CORS_H
#define UPSCALED_SERVER_ANSWER_CORS_H

#include "server/answer/reply.h"

/* Adds what lets a page of `origin` (the header's value, or NULL) read the reply, where `allowed`
 * has it: origins separated by commas, or `*`; NULL: none. */
void cors_apply(struct reply *r, const char *allowed, const char *origin);

/* The same for the answer to a preflight: what the page may send, by these methods. */
void cors_preflight(struct reply *r, const char *allowed, const char *origin, const char *methods);

#endif
