/* request_id.h - the X-Request-ID of a request: the client's where it is plain, or else ours. */
#ifndef UPSCALED_SERVER_HTTP_REQUEST_ID_H
#define UPSCALED_SERVER_HTTP_REQUEST_ID_H

#include <stdbool.h>

#include "server/work/progress.h"

enum { OUR_ID_BYTES = 16, REQUEST_ID_MAX = PROGRESS_ID_MAX };

/* 64 random bits in hexadecimal. */
void request_id_make(char id[OUR_ID_BYTES + 1]);

/* Whether an id can do no harm in a log or a header. */
bool request_id_is_plain(const char *id);

#endif
