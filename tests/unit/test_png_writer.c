/* test_png_writer.c - writing PNGs: pixels come back, pngcheck is content, a full buffer is told.
 */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/image/png_reader.h"
#include "engine/image/png_writer.h"
#include "tests/harness.h"

static struct image *noise(struct image_format f, uint64_t *seed)
{
    struct image *img = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(image_new(&f, &img, &e), ERR_OK);
    for (size_t i = 0; i < image_bytes(&f); i++)
        img->pixels[i] = (uint8_t)(harness_random(seed) & (i % 3 ? 0x0f : 0xff));
    return img;
}

/* Writes `img`, some rows at a time. */
static enum err_code encode(const struct image *img, int compression, int rows, struct buf *out,
                            struct err *e)
{
    struct png_writer_params params = {.format = img->format, .compression = compression};
    struct png_writer *w = NULL;
    enum err_code rc = png_writer_new(&params, out, &w, e);
    for (int y = 0; rc == ERR_OK && y < img->format.height; y += rows) {
        int n = rows < img->format.height - y ? rows : img->format.height - y;
        rc = png_writer_rows(w, img->pixels + (size_t)y * img->row_bytes, img->row_bytes, n, e);
    }
    if (rc == ERR_OK)
        rc = png_writer_finish(w, e);
    png_writer_free(w);
    return rc;
}

static void check_by_our_reader(const struct image *img, const struct buf *file)
{
    struct png_reader *r = NULL;
    struct image *back = NULL;
    struct err e = ERR_INIT;
    bool done = false;
    ck_assert_msg(png_reader_new(file->data, file->length, &png_default_limits, &r, &e) == ERR_OK,
                  "%s", e.text);
    ck_assert_int_eq(image_new(png_reader_format(r), &back, &e), ERR_OK);
    while (!done)
        ck_assert_int_eq(png_reader_step(r, back, 1000, &done, &e), ERR_OK);
    ck_assert_int_eq(memcmp(&back->format, &img->format, sizeof img->format), 0);
    ck_assert_int_eq(memcmp(back->pixels, img->pixels, image_bytes(&img->format)), 0);
    image_free(back);
    png_reader_free(r);
}

/* libpng's simplified interface: nothing of ours in between. */
static void check_by_libpng(const struct image *img, const struct buf *file)
{
    static const png_uint_32 formats[5] = {
        [1] = PNG_FORMAT_GRAY, [2] = PNG_FORMAT_GA, [3] = PNG_FORMAT_RGB, [4] = PNG_FORMAT_RGBA};
    if (img->format.depth != 8)
        return; /* it would convert 16 bits to linear light */
    png_image image = {.version = PNG_IMAGE_VERSION};
    ck_assert(png_image_begin_read_from_memory(&image, file->data, file->length));
    image.format = formats[img->format.channels];
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
    ck_assert(png_image_finish_read(&image, NULL, pixels, 0, NULL));
    ck_assert_int_eq(image.warning_or_error, 0);
    ck_assert_int_eq(memcmp(pixels, img->pixels, image_bytes(&img->format)), 0);
    free(pixels);
}

START_TEST(pixels_come_back_at_every_compression)
{
    uint64_t seed = 40 + (uint64_t)_i;
    for (int channels = 1; channels <= 4; channels++)
        for (int depth = 8; depth <= 16; depth += 8) {
            struct image_format f = {harness_between(&seed, 1, 90), harness_between(&seed, 1, 90),
                                     channels, depth};
            struct image *img = noise(f, &seed);
            struct buf file;
            struct err e = ERR_INIT;
            buf_init(&file, 1 << 20);
            ck_assert_int_eq(encode(img, _i, harness_between(&seed, 1, 40), &file, &e), ERR_OK);
            check_by_our_reader(img, &file);
            check_by_libpng(img, &file);
            buf_done(&file);
            image_free(img);
        }
}
END_TEST

START_TEST(rows_given_one_by_one_or_at_once_make_the_same_file)
{
    uint64_t seed = 50;
    struct image *img = noise((struct image_format){33, 29, 3, 16}, &seed);
    struct buf one, all;
    struct err e = ERR_INIT;
    buf_init(&one, 1 << 20);
    buf_init(&all, 1 << 20);
    ck_assert_int_eq(encode(img, 6, 1, &one, &e), ERR_OK);
    ck_assert_int_eq(encode(img, 6, 29, &all, &e), ERR_OK);
    ck_assert_uint_eq(one.length, all.length);
    ck_assert_int_eq(memcmp(one.data, all.data, one.length), 0);
    buf_done(&one);
    buf_done(&all);
    image_free(img);
}
END_TEST

START_TEST(a_full_buffer_is_told)
{
    uint64_t seed = 51;
    struct image *img = noise((struct image_format){9, 9, 4, 8}, &seed);
    struct err e = ERR_INIT;
    struct buf file;
    buf_init(&file, 1 << 20);
    ck_assert_int_eq(encode(img, 6, 2, &file, &e), ERR_OK);
    size_t length = file.length;
    buf_done(&file);
    for (size_t max = 0; max < length; max++) {
        e = (struct err)ERR_INIT;
        buf_init(&file, max);
        ck_assert_int_eq(encode(img, 6, 2, &file, &e), ERR_OUTPUT_TOO_LARGE);
        ck_assert_int_eq(e.code, ERR_OUTPUT_TOO_LARGE);
        buf_done(&file);
    }
    buf_init(&file, length);
    ck_assert_int_eq(encode(img, 6, 2, &file, &e), ERR_OK);
    buf_done(&file);
    image_free(img);
}
END_TEST

START_TEST(every_failed_allocation_is_told)
{
    uint64_t seed = 52;
    struct image *img = noise((struct image_format){40, 9, 4, 8}, &seed);
    enum err_code rc;
    long n = 0;
    do {
        struct err e = ERR_INIT;
        struct buf file;
        buf_init(&file, 1 << 20);
        mem_fail_nth(n++);
        rc = encode(img, 6, 4, &file, &e);
        mem_fail_nth(-1);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        ck_assert_int_eq(e.code, rc);
        buf_done(&file);
    } while (rc != ERR_OK);
    ck_assert_int_gt(n, 6);
    image_free(img);
}
END_TEST

START_TEST(rows_must_be_as_many_as_promised)
{
    uint64_t seed = 53;
    struct image *img = noise((struct image_format){4, 4, 1, 8}, &seed);
    struct png_writer_params params = {.format = img->format, .compression = 1};
    struct png_writer *w = NULL;
    struct err few = ERR_INIT, many = ERR_INIT;
    struct buf file;
    buf_init(&file, 1 << 20);
    ck_assert_int_eq(png_writer_new(&params, &file, &w, &few), ERR_OK);
    ck_assert_int_eq(png_writer_rows(w, img->pixels, img->row_bytes, 3, &few), ERR_OK);
    ck_assert_int_eq(png_writer_finish(w, &few), ERR_INTERNAL);
    ck_assert_int_eq(png_writer_rows(w, img->pixels, img->row_bytes, 2, &many), ERR_INTERNAL);
    png_writer_free(w);
    buf_done(&file);
    image_free(img);
}
END_TEST

START_TEST(pngcheck_is_content)
{
    if (system("command -v pngcheck >/dev/null 2>&1") != 0)
        return;
    uint64_t seed = 54;
    for (int channels = 1; channels <= 4; channels++)
        for (int depth = 8; depth <= 16; depth += 8) {
            struct image *img = noise((struct image_format){300, 300, channels, depth}, &seed);
            struct err e = ERR_INIT;
            struct buf file;
            char path[] = "test_png_writer.XXXXXX", command[100];
            buf_init(&file, 1 << 24);
            ck_assert_int_eq(encode(img, depth / 4, 7, &file, &e), ERR_OK);
            int fd = mkstemp(path);
            ck_assert(fd >= 0 && write(fd, file.data, file.length) == (ssize_t)file.length);
            close(fd);
            snprintf(command, sizeof command, "pngcheck -q %s", path);
            int status = system(command);
            unlink(path);
            ck_assert_int_eq(status, 0);
            buf_done(&file);
            image_free(img);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_writer");
    TCase *c = tcase_create("png_writer");
    tcase_add_loop_test(c, pixels_come_back_at_every_compression, 0, 10);
    tcase_add_test(c, rows_given_one_by_one_or_at_once_make_the_same_file);
    tcase_add_test(c, a_full_buffer_is_told);
    tcase_add_test(c, every_failed_allocation_is_told);
    tcase_add_test(c, rows_must_be_as_many_as_promised);
    tcase_add_test(c, pngcheck_is_content);
    suite_add_tcase(s, c);
    return harness_run(s);
}
