/* png_libpng.c - see png_libpng.h. */
#include "tests/lib/png_libpng.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "engine/png/png_frame.h"

struct source {
    const uint8_t *bytes;
    size_t length;
    uint8_t *pixels;
    png_bytep *rows;
};

static void on_read(png_structp png, png_bytep to, size_t count)
{
    struct source *s = png_get_io_ptr(png);
    if (count > s->length)
        png_error(png, "end of file");
    memcpy(to, s->bytes, count);
    s->bytes += count;
    s->length -= count;
}

static void on_error(png_structp png, png_const_charp message)
{
    (void)message;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static void decode(png_structp png, png_infop info, struct source *s, struct image_format *f)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION /* ignores check sums, as png_frame_crc_ok */
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
#else
    png_set_crc_action(png, PNG_CRC_QUIET_USE, PNG_CRC_WARN_DISCARD);
#endif
    png_set_option(png, PNG_MAXIMUM_INFLATE_WINDOW, 1);
    png_set_read_fn(png, s, on_read);
    png_read_info(png, info);
    png_set_expand(png);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    png_set_swap(png);
#endif
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    *f = (struct image_format){
        .width = (int)png_get_image_width(png, info),
        .height = (int)png_get_image_height(png, info),
        .channels = png_get_channels(png, info),
        .depth = png_get_bit_depth(png, info),
    };
    s->pixels = malloc(image_bytes(f));
    s->rows = malloc((size_t)f->height * sizeof *s->rows);
    for (int y = 0; y < f->height; y++)
        s->rows[y] = s->pixels + (size_t)y * image_row_bytes(f);
    png_read_image(png, s->rows);
}

static size_t number(const uint8_t *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Newer versions of libpng refuse a file with an ancillary chunk whose name has the reserved bit; the
 * specification treats it as any unknown one, and so do older versions. Ubuntu's knows animations, and
 * refuses malformed ones. 1.6.37 loses its place in the file behind a malformed hIST. These get a
 * private name here, under which their check sums are wrong and libpng leaves them out. */
static void rename_unwanted(uint8_t *type)
{
    bool reserved = (type[0] & 0x20) != 0 && (type[2] & 0x20) != 0;
    bool animates = memcmp(type, "acTL", 4) == 0 || memcmp(type, "fcTL", 4) == 0 ||
                    memcmp(type, "fdAT", 4) == 0;
    bool loses = PNG_LIBPNG_VER < 10639 && memcmp(type, "hIST", 4) == 0;
    if (reserved || animates || loses)
        memcpy(type, "prVt", 4);
}

/* Returns a copy of the file in which an IDAT at its end is whole, but for its check sum. The caller
 * frees it. */
static uint8_t *whole(const uint8_t *bytes, size_t *length)
{
    uint8_t *copy = calloc(1, *length + PNG_CHUNK_FRAME);
    size_t at = 8;
    memcpy(copy, bytes, *length);
    while (at + 12 <= *length && number(copy + at) <= *length - at - 12) {
        rename_unwanted(copy + at + 4);
        at += 12 + number(copy + at);
    }
    if (at + 8 > *length || memcmp(copy + at + 4, "IDAT", 4) != 0)
        return copy;
    size_t left = *length - at - 8;
    left = left < number(copy + at) ? left : number(copy + at);
    for (int i = 0; i < 4; i++)
        copy[at + (size_t)i] = (uint8_t)(left >> (24 - 8 * i));
    *length = at + 12 + left;
    return copy;
}

uint8_t *png_libpng_decode(const uint8_t *bytes, size_t length, struct image_format *f)
{
    struct source *s = calloc(1, sizeof *s); /* not on the stack, because of longjmp */
    uint8_t *file = whole(bytes, &length);
    *s = (struct source){.bytes = file, .length = length};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png_create_info_struct(png);
    if (setjmp(png_jmpbuf(png)) == 0) {
        decode(png, info, s, f);
    } else {
        free(s->pixels);
        s->pixels = NULL;
    }
    png_destroy_read_struct(&png, &info, NULL);
    uint8_t *pixels = s->pixels;
    free(s->rows);
    free(s);
    free(file);
    return pixels;
}
