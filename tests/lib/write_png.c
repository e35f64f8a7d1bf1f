/* write_png.c - see write_png.h. */
#include "tests/lib/write_png.h"

#include "engine/base/mem.h"

/* Fills in what differs from strip to strip, and encodes the one that begins at row y. */
static enum err_code encode_strip(const struct image *img, int y, struct png_strip_job *job,
                                  struct png_strip *strip, struct err *e)
{
    int rows = png_strip_rows(&img->format);
    size_t bytes;
    job->pixels = img->pixels + (size_t)y * img->row_bytes;
    job->above = y > 0 ? job->pixels - img->row_bytes : NULL;
    job->rows = rows < img->format.height - y ? rows : img->format.height - y;
    job->above_way = job->way;
    enum err_code rc = png_strip_scratch_bytes(&job->format, job->compression, &bytes, e);
    void *scratch = rc == ERR_OK ? mem_alloc(bytes, 1) : NULL;
    if (!scratch)
        return err_set(e, ERR_MEMORY, "out of memory for a strip");
    job->way = png_strip_way(job, scratch);
    rc = png_strip_encode(job, scratch, strip, e);
    mem_free(scratch);
    return rc;
}

enum err_code write_png(const struct png_writer_params *params, const struct image *img,
                        struct buf *out, struct err *e)
{
    struct png_writer *w = NULL;
    struct png_strip_job job = {
        .format = params->format, .compression = params->compression, .row_bytes = img->row_bytes};
    struct png_strip strip;
    enum err_code rc = png_writer_new(params, out, &w, e);
    for (int y = 0; rc == ERR_OK && y < img->format.height; y += png_strip_rows(&img->format)) {
        rc = encode_strip(img, y, &job, &strip, e);
        if (rc == ERR_OK)
            rc = png_writer_add(w, &strip, e);
    }
    if (rc == ERR_OK)
        rc = png_writer_finish(w, e);
    png_writer_free(w);
    return rc;
}
