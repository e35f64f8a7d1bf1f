/* disposition.h - the name under which a browser saves the answer (RFC 6266). */
#ifndef UPSCALED_SERVER_ANSWER_DISPOSITION_H
#define UPSCALED_SERVER_ANSWER_DISPOSITION_H

#include "server/answer/reply.h"

/* Adds Content-Disposition: "holiday-2x.png" for `theirs` = "C:\\pictures\\holiday.png" and scale
 * 2; "-upscaled" for scale 0 (by width or height), "picture" where `theirs` is NULL or has no name.
 * `theirs` is not trusted: any bytes, any length. */
void disposition_apply(struct reply *r, const char *theirs, double scale);

#endif
