/* test_png_head.c - the first 33 bytes: what is accepted, what is refused, and with what
 * sentence. */
#include <string.h>

#include "engine/png/png_head.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_build.h"

#define FILE_START(bytes, words)                                                                   \
    {                                                                                              \
        bytes, sizeof(bytes) - 1, words                                                            \
    }

static const struct {
    const char *bytes;
    size_t length;
    const char *words;
} foreign[] = {
    FILE_START("\xff\xd8\xff\xe0\0\x10JFIF", "JPEG picture"),
    FILE_START("\xff\xd8\xff", "magick in.jpg in.png"),
    FILE_START("RIFF\x24\0\0\0WEBPVP8 ",
               "WebP picture; ImageMagick converts it: magick in.webp in.png"),
    FILE_START("RIFF\x24\0\0\0WAVEfmt ", "RIFF"),
    FILE_START("GIF89a\1\0", "GIF"),
    FILE_START("\0\0\0\x1c"
               "ftypavif\0\0\0\0",
               "magick in.avif in.png"),
    FILE_START("\0\0\0\x1c"
               "ftypheic\0\0\0\0",
               "magick in.heic in.png"),
    FILE_START("\0\0\0\x1c"
               "ftypmif1\0\0\0\0",
               "HEIF"),
    FILE_START("\0\0\0\x1c"
               "ftypisom\0\0\0\0",
               "video"),
    FILE_START("II*\0\x08\0\0\0", "TIFF"),
    FILE_START("MM\0*\0\0\0\x08", "TIFF"),
    FILE_START("BM\x36\0\0\0", "BMP"),
    FILE_START("\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    FILE_START("\xff\x0a\xfa\x1f", "JPEG XL"),
    FILE_START("\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    FILE_START("%PDF-1.7\n", "PDF"),
    FILE_START("<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    FILE_START("<?xml version='1.0'?>\n<svg/>", "SVG"),
    FILE_START("\xef\xbb\xbf  <!DOCTYPE html>", "HTML"),
    FILE_START("<HTML><head>", "HTML"),
    FILE_START("{\"image\": 1}", "JSON"),
    FILE_START("hello, world\n", "text"),
    FILE_START("iVBORw0KGgoAAAANSUhEUg", "base64"),
    FILE_START("data:image/png;base64,iVBORw0KGgo", "data: URL"),
    FILE_START("\x1f\x8b\x08\0", "gzip"),
    FILE_START("PK\3\4", "ZIP"),
    FILE_START("qoif\0\0\0\1", "QOI"),
    FILE_START("P6\n3 4\n255\n", "PPM"),
    FILE_START("\1\2\3\4\5\6\7\x08\x09", "01 02 03 04 05 06 07 08"),
    FILE_START("\0", "00"),
    /* these were PNGs before a transfer in text mode */
    FILE_START("\x89PNG\n\x1a\n\0\0\0\rIHDR", "text-mode"),
    FILE_START("\x89PNG\r\r\n\x1a\r\n", "text-mode"),
    FILE_START("\x89PNG\n\n\x1a\n", "text-mode"),
    FILE_START("\x89PNG\r\x1a\r", "text-mode"),
    FILE_START("\x89PNG\x1aIHDR", "--data-binary"),
    FILE_START("\x09PNG\r\n\x1a\n", "7-bit"),
    FILE_START("\xef\xbf\xbdPNG\r\n\x1a\n", "UTF-8"),
    FILE_START("\xc2\x89PNG\r\n\x1a\n", "Latin-1"),
    FILE_START("PNG\r\n\x1a\n", "first byte"),
    FILE_START("\x88PNG\r\n\x1a\n", "signature"),
};

START_TEST(what_is_no_png_is_named)
{
    struct err e = ERR_INIT;
    struct png_head h;
    enum err_code rc = png_head_read((const uint8_t *)foreign[_i].bytes, foreign[_i].length,
                                     &png_default_limits, &h, &e);
    ck_assert_int_eq(rc, ERR_NOT_PNG);
    ck_assert_msg(strstr(e.text, foreign[_i].words) != NULL, "no \"%s\" in \"%s\"",
                  foreign[_i].words, e.text);
}
END_TEST

static void make(struct bytes *file, const struct png_head *h)
{
    png_build_signature(file);
    png_build_ihdr(file, h);
}

static enum err_code read_head(const struct bytes *file, struct png_head *h, struct err *e)
{
    *e = (struct err)ERR_INIT;
    return png_head_read(file->data, file->length, &png_default_limits, h, e);
}

START_TEST(relatives_of_png_are_unsupported_not_unknown)
{
    const struct {
        const char *bytes;
        size_t length;
        const char *words;
    } relatives[] = {
        FILE_START("\x8aMNG\r\n\x1a\n\0\0\0\x1cMHDR", "MNG"),
        FILE_START("\x8bJNG\r\n\x1a\n\0\0\0\x10JHDR", "JNG"),
        FILE_START("\x89PNG\r\n\x1a\n\0\0\0\4CgBIP\0 \2", "CgBI"),
    };
    for (size_t i = 0; i < sizeof relatives / sizeof *relatives; i++) {
        struct err e = ERR_INIT;
        struct png_head h;
        ck_assert_int_eq(png_head_read((const uint8_t *)relatives[i].bytes, relatives[i].length,
                                       &png_default_limits, &h, &e),
                         ERR_PNG_UNSUPPORTED);
        ck_assert(strstr(e.text, relatives[i].words) != NULL);
    }
}
END_TEST

START_TEST(every_legal_colour_type_and_depth_is_taken_and_no_other)
{
    const int legal[7] = {[0] = 0x10116, [2] = 0x10100, [3] = 0x116, [4] = 0x10100, [6] = 0x10100};
    for (int type = 0; type < 256; type++)
        for (int depth = 0; depth < 256; depth++) {
            struct png_head in = {3, 2, depth, type, type % 2}, h;
            struct bytes file = {0};
            struct err e;
            make(&file, &in);
            enum err_code rc = read_head(&file, &h, &e);
            if (type < 7 && depth <= 16 && (legal[type] >> depth & 1)) {
                ck_assert_int_eq(rc, ERR_OK);
                ck_assert(h.width == 3 && h.height == 2 && h.bit_depth == depth);
                ck_assert(h.color_type == type && h.interlaced == (type % 2 == 1));
            } else {
                ck_assert_int_eq(rc, ERR_PNG_HEADER);
            }
            bytes_done(&file);
        }
}
END_TEST

START_TEST(fields_that_do_not_exist_are_refused)
{
    const struct {
        size_t at;
        uint8_t value;
    } wrong[] = {{16, 0x80}, {20, 0x80}, {26, 1}, {27, 1}, {27, 64}, {28, 2}, {28, 255}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct png_head in = {1, 1, 8, 2, false}, h;
        struct bytes file = {0};
        struct err e;
        make(&file, &in);
        file.data[wrong[i].at] = wrong[i].value;
        ck_assert_int_eq(read_head(&file, &h, &e), ERR_PNG_CRC);
        png_build_mend(&file);
        ck_assert_int_eq(read_head(&file, &h, &e), ERR_PNG_HEADER);
        bytes_done(&file);
    }
}
END_TEST

START_TEST(limits_are_named_with_their_options)
{
    const struct {
        int width, height;
        enum err_code code;
        const char *option;
    } cases[] = {
        {32768, 1, ERR_OK, NULL},
        {32769, 1, ERR_TOO_WIDE, "max-side"},
        {1, 32769, ERR_TOO_WIDE, "max-side"},
        {0x7fffffff, 0x7fffffff, ERR_TOO_WIDE, "max-side"},
        {8192, 8192, ERR_OK, NULL},
        {8193, 8192, ERR_TOO_MANY_PIXELS, "max-pixels"},
        {32768, 32768, ERR_TOO_MANY_PIXELS, "max-pixels"},
        {0, 1, ERR_PNG_HEADER, NULL},
        {1, 0, ERR_PNG_HEADER, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct png_head in = {cases[i].width, cases[i].height, 16, 6, false}, h;
        struct bytes file = {0};
        struct err e;
        make(&file, &in);
        ck_assert_int_eq(read_head(&file, &h, &e), cases[i].code);
        ck_assert(cases[i].option ? e.option && strcmp(e.option, cases[i].option) == 0 : !e.option);
        bytes_done(&file);
    }
}
END_TEST

START_TEST(too_few_bytes_are_truncated)
{
    struct png_head in = {5, 5, 8, 6, false}, h;
    struct bytes file = {0};
    struct err e;
    make(&file, &in);
    size_t whole = file.length;
    ck_assert_uint_eq(whole, PNG_HEAD_BYTES);
    for (file.length = 0; file.length < whole; file.length++)
        ck_assert_int_eq(read_head(&file, &h, &e), ERR_PNG_TRUNCATED);
    ck_assert_int_eq(read_head(&file, &h, &e), ERR_OK);
    bytes_done(&file);
}
END_TEST

START_TEST(pixel_bytes_leave_room_for_alpha_and_do_not_wrap)
{
    struct png_head gray = {3, 5, 1, 0, false}, rgb = {3, 5, 16, 2, false};
    struct png_head vast = {0x7fffffff, 0x7fffffff, 16, 6, false};
    ck_assert_uint_eq(png_head_pixel_bytes(&gray), 30);
    ck_assert_uint_eq(png_head_pixel_bytes(&rgb), 120);
    ck_assert_uint_eq(png_head_pixel_bytes(&vast), UINT64_MAX);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_head");
    TCase *c = tcase_create("png_head");
    tcase_add_loop_test(c, what_is_no_png_is_named, 0, sizeof foreign / sizeof *foreign);
    tcase_add_test(c, relatives_of_png_are_unsupported_not_unknown);
    tcase_add_test(c, every_legal_colour_type_and_depth_is_taken_and_no_other);
    tcase_add_test(c, fields_that_do_not_exist_are_refused);
    tcase_add_test(c, limits_are_named_with_their_options);
    tcase_add_test(c, too_few_bytes_are_truncated);
    tcase_add_test(c, pixel_bytes_leave_room_for_alpha_and_do_not_wrap);
    suite_add_tcase(s, c);
    return harness_run(s);
}
