/* etag.h - validators of what can be read (RFC 9110, section 8.8): a strong ETag, 304 for who has
 * it. */
#ifndef UPSCALED_SERVER_ANSWER_ETAG_H
#define UPSCALED_SERVER_ANSWER_ETAG_H

#include "server/answer/reply.h"

/* Gives a 200 reply the ETag of its bytes. Where `if_none_match` (that header's value, or NULL)
 * names it, the status becomes 304. The body stays, for its length alone: who sends a 304 leaves it
 * out. Other replies are left alone. */
void etag_apply(struct reply *r, const char *if_none_match);

#endif
