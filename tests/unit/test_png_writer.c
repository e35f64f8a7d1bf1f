/* test_png_writer.c - writes PNGs: the pixels come back, pngcheck finds no fault, and a full buffer
 * is reported. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "engine/png/png_kernels.h"
#include "engine/png/png_reader.h"
#include "tests/lib/harness.h"
#include "tests/lib/write_png.h"

static struct image *noise(struct image_format f, uint64_t *seed)
{
    struct image *img = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(image_new(&f, &img, &e), ERR_OK);
    for (size_t i = 0; i < image_bytes(&f); i++)
        img->pixels[i] = (uint8_t)(harness_random(seed) & (i % 3 ? 0x0f : 0xff));
    return img;
}

static enum err_code encode(const struct image *img, int compression, struct buf *out,
                            struct err *e)
{
    struct png_writer_params params = {.format = img->format, .compression = compression};
    return write_png(&params, img, out, e);
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

/* Reads the file with libpng's simplified interface, without any code of ours. */
static void check_by_libpng(const struct image *img, const struct buf *file)
{
    static const png_uint_32 formats[5] = {
        [1] = PNG_FORMAT_GRAY, [2] = PNG_FORMAT_GA, [3] = PNG_FORMAT_RGB, [4] = PNG_FORMAT_RGBA};
    if (img->format.depth != 8)
        return; /* libpng would convert 16 bits to linear light */
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
            struct image_format f = {harness_between(&seed, 1, 90), harness_between(&seed, 1, 200),
                                     channels, depth};
            struct image *img = noise(f, &seed);
            struct buf file;
            struct err e = ERR_INIT;
            buf_init(&file, 1 << 20);
            ck_assert_int_eq(encode(img, _i, &file, &e), ERR_OK);
            check_by_our_reader(img, &file);
            check_by_libpng(img, &file);
            buf_done(&file);
            image_free(img);
        }
}
END_TEST

START_TEST(a_full_buffer_is_told)
{
    uint64_t seed = 51;
    struct image *img = noise((struct image_format){9, 9, 4, 8}, &seed);
    struct err e = ERR_INIT;
    struct buf file;
    buf_init(&file, 1 << 20);
    ck_assert_int_eq(encode(img, 6, &file, &e), ERR_OK);
    size_t length = file.length;
    buf_done(&file);
    for (size_t max = 0; max < length; max++) {
        e = (struct err)ERR_INIT;
        buf_init(&file, max);
        ck_assert_int_eq(encode(img, 6, &file, &e), ERR_OUTPUT_TOO_LARGE);
        ck_assert_int_eq(e.code, ERR_OUTPUT_TOO_LARGE);
        buf_done(&file);
    }
    buf_init(&file, length);
    ck_assert_int_eq(encode(img, 6, &file, &e), ERR_OK);
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
        rc = encode(img, 6, &file, &e);
        mem_fail_nth(-1);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        ck_assert_int_eq(e.code, rc);
        buf_done(&file);
    } while (rc != ERR_OK);
    ck_assert_int_gt(n, 4); /* the writer, the file, the scratch, the strip */
    image_free(img);
}
END_TEST

START_TEST(rows_must_be_as_many_as_promised)
{
    uint64_t seed = 53;
    struct image *img = noise((struct image_format){4, 4, 1, 8}, &seed);
    struct png_writer_params params = {.format = img->format, .compression = 1};
    struct png_writer *w = NULL;
    struct png_strip three, two;
    struct png_strip_job job = {.format = img->format,
                                .compression = 1,
                                .way = {FILTER_PAETH, METHOD_CODE, 0},
                                .pixels = img->pixels,
                                .row_bytes = img->row_bytes};
    size_t bytes;
    struct err few = ERR_INIT, many = ERR_INIT;
    struct buf file;
    buf_init(&file, 1 << 20);
    ck_assert_int_eq(png_writer_new(&params, &file, &w, &few), ERR_OK);
    ck_assert_int_eq(png_strip_scratch_bytes(&img->format, job.compression, &bytes, &few), ERR_OK);
    void *scratch = mem_alloc(bytes, 1);
    job.rows = 3;
    ck_assert_int_eq(png_strip_encode(&job, scratch, &three, &few), ERR_OK);
    job.rows = 2;
    ck_assert_int_eq(png_strip_encode(&job, scratch, &two, &few), ERR_OK);
    mem_free(scratch);
    ck_assert_int_eq(png_writer_add(w, &three, &few), ERR_OK);
    ck_assert_int_eq(png_writer_finish(w, &few), ERR_INTERNAL);
    ck_assert_int_eq(png_writer_add(w, &two, &many), ERR_INTERNAL);
    png_writer_free(w);
    buf_done(&file);
    image_free(img);
}
END_TEST

/* Computes the prediction by the definition in PNG 9.2, in reverse: residue + prediction = byte. */
static int prediction(int filter, int a, int b, int c)
{
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    const int predictions[] = {0, a, b, (a + b) / 2, pa <= pb && pa <= pc ? a : pb <= pc ? b : c};
    return predictions[filter];
}

START_TEST(filters_are_undone_by_their_definition)
{
    uint64_t seed = 55;
    uint8_t row[300], above[300], out[301];
    const struct png_kernels *k = png_kernels_at(_i);
    for (int round = 0; k && round < 2000; round++) {
        int filter = round % 5, step = harness_between(&seed, 1, 8);
        int count = step * harness_between(&seed, 1, 300 / step);
        for (int i = 0; i < count; i++) {
            row[i] = (uint8_t)harness_random(&seed);
            above[i] = (uint8_t)harness_random(&seed);
        }
        struct png_filter_row r = {row, above, (size_t)count, (size_t)step};
        k->filter((enum png_filter)filter, &r, out);
        ck_assert_int_eq(out[0], filter);
        for (int i = 0; i < count; i++) {
            int a = i < step ? 0 : row[i - step], c = i < step ? 0 : above[i - step];
            ck_assert_int_eq((out[1 + i] + prediction(filter, a, above[i], c)) & 255, row[i]);
        }
    }
}
END_TEST

START_TEST(pngcheck_is_content)
{
    uint64_t seed = 54;
    for (int channels = 1; channels <= 4; channels++)
        for (int depth = 8; depth <= 16; depth += 8) {
            struct image *img = noise((struct image_format){300, 300, channels, depth}, &seed);
            struct err e = ERR_INIT;
            struct buf file;
            char path[] = "test_png_writer.XXXXXX", command[100];
            buf_init(&file, 1 << 24);
            ck_assert_int_eq(encode(img, depth / 4, &file, &e), ERR_OK);
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
    tcase_add_loop_test(c, filters_are_undone_by_their_definition, 0, 3);
    tcase_add_test(c, a_full_buffer_is_told);
    tcase_add_test(c, every_failed_allocation_is_told);
    tcase_add_test(c, rows_must_be_as_many_as_promised);
    if (harness_has_pngcheck())
        tcase_add_test(c, pngcheck_is_content);
    else
        harness_left_out(1, "pngcheck_is_content", "no pngcheck");
    suite_add_tcase(s, c);
    return harness_run(s);
}
