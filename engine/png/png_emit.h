/* png_emit.h - appends raw bytes and whole chunks to a file in memory. For the writer. */
#ifndef UPSCALED_PNG_PNG_EMIT_H
#define UPSCALED_PNG_PNG_EMIT_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/buf.h"

/* ERR_OUTPUT_TOO_LARGE if the buffer would pass its maximum, ERR_MEMORY. */
enum err_code png_emit(struct buf *out, const void *bytes, size_t count, struct err *e);

/* Stores a number as PNG does, big-endian. */
void png_emit_u32(uint8_t p[4], uint32_t v);

/* A chunk whose data comes in two parts. Each may be empty. */
struct png_parts {
    const char *type;
    const uint8_t *data[2];
    uint32_t length[2];
};
enum err_code png_emit_parts(struct buf *out, const struct png_parts *parts, struct err *e);

/* Appends a chunk with its length and CRC. `data` may be NULL if `length` is 0. */
enum err_code png_emit_chunk(struct buf *out, const char *type, const uint8_t *data,
                             uint32_t length, struct err *e);

#endif
