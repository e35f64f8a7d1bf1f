/* png_reference.c - see png_reference.h. Everything that must outlive a longjmp is in structs. */
#include "engine/png/png_reference.h"

#include <png.h>
#include <string.h>

struct out {
    size_t bytes;
};

struct in {
    const uint8_t *file;
    size_t length;
};

static void on_write(png_structp png, png_bytep bytes, size_t count)
{
    struct out *out = png_get_io_ptr(png);
    (void)bytes;
    out->bytes += count;
}

static void on_flush(png_structp png)
{
    (void)png;
}

static void on_read(png_structp png, png_bytep to, size_t count)
{
    struct in *in = png_get_io_ptr(png);
    if (count > in->length)
        png_error(png, "the file ends");
    memcpy(to, in->file, count);
    in->file += count;
    in->length -= count;
}

static void on_error(png_structp png, png_const_charp message)
{
    err_set(png_get_error_ptr(png), ERR_PNG_ZLIB, "libpng: %s", message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void write_all(png_structp png, png_infop info, const struct image *img, int level)
{
    static const int types[5] = {0, PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA,
                                 PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
    const struct image_format *f = &img->format;
    png_set_compression_level(png, level);
    png_set_IHDR(png, info, (png_uint_32)f->width, (png_uint_32)f->height, f->depth,
                 types[f->channels], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (f->depth == 16)
        png_set_swap(png);
#endif
    for (int y = 0; y < f->height; y++)
        png_write_row(png, img->pixels + (size_t)y * img->row_bytes);
    png_write_end(png, info);
}

enum err_code png_reference_encode(const struct image *img, int level, size_t *bytes, struct err *e)
{
    struct out out = {0};
    struct err failed = ERR_INIT;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failed, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return err_set(e, ERR_MEMORY, "out of memory for libpng");
    }
    if (setjmp(png_jmpbuf(png)) == 0) {
        png_set_write_fn(png, &out, on_write, on_flush);
        write_all(png, info, img, level);
    }
    png_destroy_write_struct(&png, &info);
    if (failed.code != ERR_OK)
        return err_set(e, failed.code, "%s", failed.text);
    *bytes = out.bytes;
    return ERR_OK;
}

enum err_code png_reference_decode(const uint8_t *file, size_t length, struct err *e)
{
    struct in in = {file, length};
    struct err failed = ERR_INIT;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &failed, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return err_set(e, ERR_MEMORY, "out of memory for libpng");
    }
    if (setjmp(png_jmpbuf(png)) == 0) {
        png_set_read_fn(png, &in, on_read);
        png_read_png(png, info, PNG_TRANSFORM_EXPAND, NULL);
    }
    png_destroy_read_struct(&png, &info, NULL);
    return failed.code == ERR_OK ? ERR_OK : err_set(e, failed.code, "%s", failed.text);
}
