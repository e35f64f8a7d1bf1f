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

enum err_code png_emit_parts(struct buf *out, const struct png_parts *parts, struct err *e)
{
    uint8_t head[8], tail[4];
    uint32_t length = parts->length[0] + parts->length[1];
    png_emit_u32(head, length);
    memcpy(head + 4, parts->type, 4);
    uint32_t crc = libdeflate_crc32(0, head + 4, 4);
    for (int i = 0; i < 2; i++)
        if (parts->length[i] > 0) /* with NULL, libdeflate_crc32 would start anew */
            crc = libdeflate_crc32(crc, parts->data[i], parts->length[i]);
    png_emit_u32(tail, crc);
    enum err_code rc = ERR_OK;
    size_t whole = sizeof head + (size_t)length + sizeof tail;
    if (out->capacity == 0 && whole <= out->max) /* the buffer of a strip: no more than it needs */
        rc = buf_reserve(out, whole, e);
    if (rc == ERR_OK)
        rc = png_emit(out, head, sizeof head, e);
    for (int i = 0; i < 2 && rc == ERR_OK; i++)
        if (parts->length[i] > 0)
            rc = png_emit(out, parts->data[i], parts->length[i], e);
    if (rc == ERR_OK)
        rc = png_emit(out, tail, sizeof tail, e);
    return rc;
}

enum err_code png_emit_chunk(struct buf *out, const char *type, const uint8_t *data,
                             uint32_t length, struct err *e)
{
    return png_emit_parts(out, &(struct png_parts){type, {data, NULL}, {length, 0}}, e);
}
