/* png_writer.c - see png_writer.h. */
#include "engine/png/png_writer.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "engine/base/mem.h"
#include "engine/png/png_emit.h"
#include "engine/png/png_keep.h"

struct png_writer {
    struct png_writer_params params;
    struct buf *out;
    int rows;    /* written */
    uLong adler; /* of the filtered bytes of these rows */
};

static enum err_code emit_head(const struct png_writer *w, struct err *e)
{
    static const uint8_t signature[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t types[5] = {[1] = 0, [2] = 4, [3] = 2, [4] = 6}; /* by channels */
    const struct image_format *f = &w->params.format;
    uint8_t header[13] = {0};
    png_emit_u32(header, (uint32_t)f->width);
    png_emit_u32(header + 4, (uint32_t)f->height);
    header[8] = (uint8_t)f->depth;
    header[9] = types[f->channels];
    enum err_code rc = png_emit(w->out, signature, sizeof signature, e);
    if (rc == ERR_OK)
        rc = png_emit_chunk(w->out, "IHDR", header, sizeof header, e);
    return rc == ERR_OK ? png_keep_emit(&w->params, false, w->out, e) : rc;
}

size_t png_writer_bound(const struct image_format *f, int rows)
{
    enum {
        EACH = 2048, /* a strip's frame, its flush, and what PNG_PACK_BOUND adds */
        REST = 256,  /* signature, IHDR, zlib's head, the last IDAT, IEND */
    };
    size_t raw = (image_row_bytes(f) + 1) * (size_t)rows;
    size_t strips = (size_t)rows / (size_t)png_strip_rows(f) + 1;
    return raw + raw / 1024 * 5 + strips * EACH + REST;
}

enum err_code png_writer_new(const struct png_writer_params *params, struct buf *out,
                             struct png_writer **w, struct err *e)
{
    assert(params->compression >= 0 && params->compression <= 9);
    struct png_writer *made = mem_calloc(1, sizeof *made);
    if (!made)
        return err_set(e, ERR_MEMORY, "out of memory to encode a PNG");
    made->params = *params;
    made->out = out;
    made->adler = 1;
    enum err_code rc = emit_head(made, e);
    if (rc == ERR_OK) {
        *w = made;
        made = NULL;
    }
    png_writer_free(made);
    return rc;
}

void png_writer_free(struct png_writer *w)
{
    mem_free(w);
}

enum err_code png_writer_add(struct png_writer *w, struct png_strip *strip, struct err *e)
{
    enum err_code rc;
    if (strip->rows > w->params.format.height - w->rows)
        rc = err_set(e, ERR_INTERNAL, "%d rows are too many for a picture of %d",
                     w->rows + strip->rows, w->params.format.height);
    else
        rc = png_emit(w->out, strip->chunk.data, strip->chunk.length, e);
    w->rows += strip->rows;
    w->adler = adler32_combine(w->adler, strip->adler, (z_off_t)strip->adler_bytes);
    buf_done(&strip->chunk);
    return rc;
}

enum err_code png_writer_finish(struct png_writer *w, struct err *e)
{
    uint8_t tail[6] = {3, 0}; /* an empty last block, and the check sum of all strips */
    if (w->rows != w->params.format.height)
        return err_set(e, ERR_INTERNAL, "%d rows are too few for a picture of %d", w->rows,
                       w->params.format.height);
    png_emit_u32(tail + 2, (uint32_t)w->adler);
    enum err_code rc = png_emit_chunk(w->out, "IDAT", tail, sizeof tail, e);
    if (rc == ERR_OK)
        rc = png_keep_emit(&w->params, true, w->out, e);
    return rc == ERR_OK ? png_emit_chunk(w->out, "IEND", NULL, 0, e) : rc;
}
