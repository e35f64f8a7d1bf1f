/* etag.h - validators (RFC 9110, section 8.8): a strong ETag, and 304 for a client that already has
 * the same bytes. Threads: pure functions. */
#ifndef UPSCALED_SERVER_ANSWER_ETAG_H
#define UPSCALED_SERVER_ANSWER_ETAG_H

#include "server/answer/reply.h"

/* Adds the ETag of its body to a reply with status 200. If `if_none_match` (the header's value, or
 * NULL) lists that tag, the status becomes 304. The body stays in the reply because of its length;
 * it is not sent with a 304. Other replies are not changed. */
void etag_apply(struct reply *r, const char *if_none_match);

#endif
