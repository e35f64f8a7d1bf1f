/* intake_chunks.h - the framing of chunked bodies (RFC 9112, section 7.1) on its way through an
 * intake.
 *
 * Sizes are read strictly and written again without their extensions. The lines of a trailer are
 * left out. Each function takes raw bytes, hands their clean form over and moves the intake to its
 * next state. It returns false when more raw bytes are needed, or when the intake is refused from
 * now on. */
#ifndef UPSCALED_SERVER_HTTP_INTAKE_CHUNKS_H
#define UPSCALED_SERVER_HTTP_INTAKE_CHUNKS_H

#include "server/http/intake.h"

enum { INTAKE_TRAILER_MAX = 8192 };

/* INTAKE_CHUNK_SIZE: the line with the size of a chunk. */
bool intake_take_size(struct intake *in);

/* INTAKE_CHUNK_END: the line end behind the bytes of a chunk. */
bool intake_take_chunk_end(struct intake *in);

/* INTAKE_TRAILER: the lines behind the last chunk, of which only the empty one is handed over. */
bool intake_take_trailer(struct intake *in);

#endif
