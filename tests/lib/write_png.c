/* write_png.c - see write_png.h. */
#include "tests/lib/write_png.h"

#include "engine/base/mem.h"

static enum err_code write_strip(const struct png_writer_params *params, const struct image *img,
                                 int y, struct png_writer *w, struct err *e)
{
    struct png_strip strip;
    int rows = png_strip_rows(&img->format);
    if (rows > img->format.height - y)
        rows = img->format.height - y;
    const uint8_t *pixels = img->pixels + (size_t)y * img->row_bytes;
    struct png_strip_job job = {
        .format = params->format,
        .compression = params->compression,
        .pixels = pixels,
        .row_bytes = img->row_bytes,
        .above = y > 0 ? pixels - img->row_bytes : NULL,
        .rows = rows,
    };
    size_t bytes;
    enum err_code rc = png_strip_scratch_bytes(&job.format, job.compression, &bytes, e);
    void *scratch = rc == ERR_OK ? mem_alloc(bytes, 1) : NULL;
    if (!scratch)
        return err_set(e, ERR_MEMORY, "out of memory for a strip");
    rc = png_strip_encode(&job, scratch, &strip, e);
    mem_free(scratch);
    return rc == ERR_OK ? png_writer_add(w, &strip, e) : rc;
}

enum err_code write_png(const struct png_writer_params *params, const struct image *img,
                        struct buf *out, struct err *e)
{
    struct png_writer *w = NULL;
    enum err_code rc = png_writer_new(params, out, &w, e);
    for (int y = 0; rc == ERR_OK && y < img->format.height; y += png_strip_rows(&img->format))
        rc = write_strip(params, img, y, w, e);
    if (rc == ERR_OK)
        rc = png_writer_finish(w, e);
    png_writer_free(w);
    return rc;
}
