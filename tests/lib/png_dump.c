/* png_dump.c - decodes a PNG from standard input by libpng alone. It writes "WIDTH HEIGHT\n" and
 * then RGBA, with 16 bits of each sample and as stored (no gamma), to standard output. The status
 * is 1 if libpng refuses the file. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

static int dump(png_structp png, png_infop info)
{
    if (setjmp(png_jmpbuf(png)))
        return 1;
    png_init_io(png, stdin);
    png_read_png(png, info, PNG_TRANSFORM_EXPAND_16 | PNG_TRANSFORM_GRAY_TO_RGB, NULL);
    png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    size_t channels = png_get_channels(png, info);
    png_bytepp rows = png_get_rows(png, info);
    printf("%lu %lu\n", (unsigned long)width, (unsigned long)height);
    for (png_uint_32 y = 0; y < height; y++)
        for (png_uint_32 x = 0; x < width; x++) {
            const png_byte opaque[] = {0xff, 0xff};
            const png_byte *pixel = rows[y] + 2 * channels * x;
            fwrite(pixel, 1, 6, stdout);
            fwrite(channels == 4 ? pixel + 6 : opaque, 1, 2, stdout);
        }
    return 0;
}

int main(void)
{
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        return 1;
    int status = dump(png, info);
    png_destroy_read_struct(&png, &info, NULL);
    return status;
}
