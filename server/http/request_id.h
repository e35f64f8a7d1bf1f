/* request_id.h - the X-Request-ID of a request: the client's if it is plain, otherwise ours. */
#ifndef UPSCALED_SERVER_HTTP_REQUEST_ID_H
#define UPSCALED_SERVER_HTTP_REQUEST_ID_H

#include <stdbool.h>

#include "server/work/progress.h"

enum { OUR_ID_BYTES = 16, REQUEST_ID_MAX = PROGRESS_ID_MAX };

/* Writes 64 random bits in hexadecimal. */
void request_id_make(char id[OUR_ID_BYTES + 1]);

/* Whether an id is safe in a log and in a header. */
bool request_id_is_plain(const char *id);

#endif
