/* png_emit.c - see png_emit.h. */
#include "engine/png/png_emit.h"

#include <libdeflate.h>
#include <string.h>

enum err_code png_emit(struct buf *out, const void *bytes, size_t count, struct err *e)
{
    if (count > out->max - out->length)
        return err_set_limit(e, ERR_OUTPUT_TOO_LARGE, "max-output-bytes", out->max,
                             "the output file would be larger than %zu bytes (--max-output-bytes)",
                             out->max);
    return buf_append(out, bytes, count, e);
}

void png_emit_u32(uint8_t p[4], uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

enum err_code png_emit_chunk(struct buf *out, const char *type, const uint8_t *data,
                             uint32_t length, struct err *e)
{
    uint8_t head[8], tail[4];
    png_emit_u32(head, length);
    memcpy(head + 4, type, 4);
    uint32_t crc = libdeflate_crc32(0, head + 4, 4);
    if (length > 0) /* a NULL is taken for a wish to start again */
        crc = libdeflate_crc32(crc, data, length);
    png_emit_u32(tail, crc);
    enum err_code rc = ERR_OK;
    size_t whole = sizeof head + (size_t)length + sizeof tail;
    if (out->capacity == 0 && whole <= out->max) /* a strip of its own: no more than it needs */
        rc = buf_reserve(out, whole, e);
    if (rc == ERR_OK)
        rc = png_emit(out, head, sizeof head, e);
    if (rc == ERR_OK && length > 0)
        rc = png_emit(out, data, length, e);
    if (rc == ERR_OK)
        rc = png_emit(out, tail, sizeof tail, e);
    return rc;
}
