/* intake_chunks.h - reads the framing of chunked bodies (RFC 9112, section 7.1) in an intake.
 *
 * Sizes are read strictly and written again without their extensions. The lines of a trailer are
 * left out. Each function takes raw bytes, hands their clean form over and moves the intake to its
 * next state. It returns false if more raw bytes are needed, or if the intake has refused the
 * request. */
#ifndef UPSCALED_SERVER_HTTP_INTAKE_CHUNKS_H
#define UPSCALED_SERVER_HTTP_INTAKE_CHUNKS_H

#include "server/http/intake.h"

enum { INTAKE_TRAILER_MAX = 8192 };

/* Takes the line with the size of a chunk (INTAKE_CHUNK_SIZE). */
bool intake_take_size(struct intake *in);

/* Takes the line end after the bytes of a chunk (INTAKE_CHUNK_END). */
bool intake_take_chunk_end(struct intake *in);

/* Takes the lines after the last chunk (INTAKE_TRAILER). Only the empty one is handed over. */
bool intake_take_trailer(struct intake *in);

#endif
