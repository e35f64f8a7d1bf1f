/* disposition.h - the name under which a browser saves the answer (RFC 6266). Threads: pure
 * functions. */
#ifndef UPSCALED_SERVER_ANSWER_DISPOSITION_H
#define UPSCALED_SERVER_ANSWER_DISPOSITION_H

#include "server/answer/reply.h"

/* Adds Content-Disposition. For `theirs` "C:\\pictures\\holiday.png" and scale 2 the name is
 * "holiday-2x.png". For scale 0 (a width or height was given) the suffix is "-upscaled". If
 * `theirs` is NULL or has no name, the stem is "picture". `theirs` comes from the client: it may
 * have any bytes and any length. */
void disposition_apply(struct reply *r, const char *theirs, double scale);

#endif
