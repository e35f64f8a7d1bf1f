/* png_writer.c - libpng compresses; the chunks beside the pixels are written by ourselves. */
#include "engine/image/png_writer.h"

#include <assert.h>
#include <png.h>

#include "engine/base/mem.h"
#include "engine/image/png_emit.h"
#include "engine/image/png_keep.h"

enum { IDAT_BYTES = 1 << 16 };

struct png_writer {
    struct png_writer_params params;
    struct buf *out;
    png_structp png;
    png_infop info;
    bool out_of_memory;
    enum err_code failed; /* set by libpng's calls, told in `e` */
    struct err *e;        /* of the call under way */
    int row;              /* rows written */
    /* of the call under way */
    const uint8_t *pixels;
    size_t row_bytes;
    int count;
};

static png_voidp on_alloc(png_structp png, png_alloc_size_t size)
{
    struct png_writer *w = png_get_mem_ptr(png);
    void *p = mem_alloc(1, size);
    if (!p)
        w->out_of_memory = true;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    (void)png;
    mem_free(p);
}

static void on_error(png_structp png, png_const_charp message)
{
    struct png_writer *w = png_get_error_ptr(png);
    if (w->failed == ERR_OK && w->out_of_memory)
        w->failed = err_set(w->e, ERR_MEMORY, "out of memory to encode a PNG");
    else if (w->failed == ERR_OK)
        w->failed = err_set(w->e, ERR_INTERNAL, "libpng would not encode: %s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void on_write(png_structp png, png_bytep bytes, size_t count)
{
    struct png_writer *w = png_get_io_ptr(png);
    w->failed = png_emit(w->out, bytes, count, w->e);
    if (w->failed != ERR_OK)
        png_error(png, "no room");
}

static void on_flush(png_structp png)
{
    (void)png;
}

static void start(struct png_writer *w)
{
    static const int types[5] = {[1] = PNG_COLOR_TYPE_GRAY,
                                 [2] = PNG_COLOR_TYPE_GRAY_ALPHA,
                                 [3] = PNG_COLOR_TYPE_RGB,
                                 [4] = PNG_COLOR_TYPE_RGB_ALPHA};
    const struct image_format *f = &w->params.format;
    png_set_user_limits(w->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(w->png, w, on_write, on_flush);
    png_set_compression_level(w->png, w->params.compression);
    png_set_compression_buffer_size(w->png, IDAT_BYTES);
    png_set_IHDR(w->png, w->info, (png_uint_32)f->width, (png_uint_32)f->height, f->depth,
                 types[f->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    png_write_info(w->png, w->info);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (f->depth == 16)
        png_set_swap(w->png);
#endif
}

static void write_rows(struct png_writer *w)
{
    for (int i = 0; i < w->count; i++)
        png_write_row(w->png, w->pixels + (size_t)i * w->row_bytes);
}

static enum err_code guarded(struct png_writer *w, void (*work)(struct png_writer *), struct err *e)
{
    w->e = e;
    if (setjmp(png_jmpbuf(w->png)) == 0)
        work(w);
    w->e = NULL;
    return w->failed;
}

static enum err_code open_encoder(struct png_writer *w, struct err *e)
{
    w->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, w, on_error, on_warning, w, on_alloc,
                                       on_free);
    w->info = w->png ? png_create_info_struct(w->png) : NULL;
    if (!w->info)
        return err_set(e, w->out_of_memory ? ERR_MEMORY : ERR_INTERNAL, "libpng did not start");
    enum err_code rc = guarded(w, start, e);
    return rc == ERR_OK ? png_keep_emit(&w->params, false, w->out, e) : rc;
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
    enum err_code rc = open_encoder(made, e);
    if (rc == ERR_OK) {
        *w = made;
        made = NULL;
    }
    png_writer_free(made);
    return rc;
}

void png_writer_free(struct png_writer *w)
{
    if (!w)
        return;
    png_destroy_write_struct(&w->png, &w->info);
    mem_free(w);
}

enum err_code png_writer_rows(struct png_writer *w, const uint8_t *pixels, size_t row_bytes,
                              int count, struct err *e)
{
    if (count > w->params.format.height - w->row)
        return err_set(e, ERR_INTERNAL, "%d rows are too many for a picture of %d", w->row + count,
                       w->params.format.height);
    w->pixels = pixels;
    w->row_bytes = row_bytes;
    w->count = count;
    w->row += count;
    return guarded(w, write_rows, e);
}

enum err_code png_writer_finish(struct png_writer *w, struct err *e)
{
    if (w->row != w->params.format.height)
        return err_set(e, ERR_INTERNAL, "%d rows are too few for a picture of %d", w->row,
                       w->params.format.height);
    enum err_code rc = png_keep_emit(&w->params, true, w->out, e); /* libpng's IDAT is complete */
    return rc == ERR_OK ? png_emit_chunk(w->out, "IEND", NULL, 0, e) : rc;
}
