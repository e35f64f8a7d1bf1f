/* disposition.h - the name under which a browser saves the answer (RFC 6266). */
#ifndef UPSCALED_SERVER_ANSWER_DISPOSITION_H
#define UPSCALED_SERVER_ANSWER_DISPOSITION_H

#include "server/answer/reply.h"

/* Adds Content-Disposition: for `theirs` "C:\\pictures\\holiday.png" and scale 2 the name is
 * "holiday-2x.png". The suffix is "-upscaled" for scale 0 (a width or height was given). The stem is
 * "picture" when `theirs` is NULL or has no name. `theirs` is not trusted: it may have any bytes and
 * any length. */
void disposition_apply(struct reply *r, const char *theirs, double scale);

#endif
