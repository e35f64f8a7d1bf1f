/* test_png_strip.c - the encoder's strips: libpng decodes the pixels that were encoded; the bytes
 * are the same on every vector unit; files that should be small are small. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_libpng.h"
#include "tests/lib/write_png.h"

enum { KINDS = 7 };

/* Makes sums of small waves and a little noise, as in an enlarged photograph. */
static uint8_t photograph(int x, int y, int c, uint64_t *seed)
{
    int wave = (x * (5 + c) / 7 + y * y / 90) & 255;
    return (uint8_t)((wave < 128 ? wave : 255 - wave) + 40 + (int)(harness_random(seed) & 7));
}

/* Makes letters, roughly: 8x8 glyphs of two colours, some of which repeat. */
static uint8_t text(int x, int y)
{
    uint64_t glyph = (uint64_t)((x / 8 * 7 + y / 8 * 3) % 11) * UINT64_C(0x9e3779b97f4a7c15);
    return glyph >> (x % 8 + y % 8 * 8) & 1 ? 20 : 240;
}

static uint8_t sample(int kind, int x, int y, int c, uint64_t *seed)
{
    switch (kind) {
    case 0:
        return (uint8_t)harness_random(seed);
    case 1:
        return 200;
    case 2:
        return photograph(x, y, c, seed);
    case 3:
        return text(x, y);
    case 4: /* a gradient */
        return (uint8_t)((x + y) / 3);
    case 5: /* equal rows */
        return (uint8_t)(x % 1000 * (x % 1000) % 251 + c);
    default: /* half of it flat, half a photograph */
        return x / 90 % 2 ? 255 : photograph(x, y, c, seed);
    }
}

static struct image *picture(int kind, struct image_format f, uint64_t *seed)
{
    struct image *img = NULL;
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    size_t i = 0;
    for (int y = 0; y < f.height; y++)
        for (int x = 0; x < f.width; x++)
            for (int c = 0; c < f.channels; c++) {
                uint8_t v = sample(kind, x, y, c, seed);
                img->pixels[i++] = f.depth == 16 ? (uint8_t)(v * 7) : v;
                if (f.depth == 16)
                    img->pixels[i++] = v;
            }
    return img;
}

static struct buf encode(const struct image *img, int compression)
{
    struct png_writer_params params = {.format = img->format, .compression = compression};
    struct buf file;
    buf_init(&file, 1 << 26);
    ck_assert_int_eq(write_png(&params, img, &file, NULL), ERR_OK);
    return file;
}

static void check_round_trip(const struct image *img, int compression)
{
    struct buf file = encode(img, compression);
    struct image_format f;
    uint8_t *pixels = png_libpng_decode(file.data, file.length, &f);
    ck_assert_ptr_nonnull(pixels);
    ck_assert_int_eq(memcmp(&f, &img->format, sizeof f), 0);
    ck_assert_int_eq(memcmp(pixels, img->pixels, image_bytes(&f)), 0);
    free(pixels);
    buf_done(&file);
}

START_TEST(libpng_finds_what_went_in)
{
    static const int sizes[][2] = {{1, 1}, {2, 1}, {1, 70}, {5, 4}, {64, 65}, {300, 130}};
    uint64_t seed = 200 + (uint64_t)_i;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int channels = 1; channels <= 4; channels++)
            for (int depth = 8; depth <= 16; depth += 8) {
                struct image_format f = {sizes[k][0], sizes[k][1], channels, depth};
                struct image *img = picture(_i, f, &seed);
                for (int compression = 0; compression <= 9; compression++)
                    check_round_trip(img, compression);
                image_free(img);
            }
}
END_TEST

/* The rows are longer than deflate's window, and strips have few rows. */
START_TEST(wide_pictures_come_back)
{
    uint64_t seed = 210 + (uint64_t)_i;
    for (int width = 10900; width <= 350000; width *= 32) {
        struct image *img = picture(_i, (struct image_format){width, 7, 3, 8}, &seed);
        check_round_trip(img, 2);
        check_round_trip(img, 6);
        image_free(img);
    }
}
END_TEST

START_TEST(the_sets_make_the_same_bytes)
{
    uint64_t seed = 220 + (uint64_t)_i;
    for (int depth = 8; depth <= 16; depth += 8) {
        struct image *img = picture(_i, (struct image_format){211, 64, 3, depth}, &seed);
        struct png_strip_job job = {.format = img->format,
                                    .compression = 6,
                                    .pixels = img->pixels,
                                    .row_bytes = img->row_bytes,
                                    .rows = 64};
        struct png_strip first = {0}, again;
        size_t bytes;
        ck_assert_int_eq(png_strip_scratch_bytes(&job.format, job.compression, &bytes, NULL),
                         ERR_OK);
        uint8_t *scratch = mem_alloc(bytes, 1);
        for (int k = 0; (job.kernels = png_kernels_at(k)); k++) {
            memset(scratch, 17 * k, bytes); /* the earlier contents have no effect */
            job.way = png_strip_way(&job, scratch);
            ck_assert_int_eq(png_strip_encode(&job, scratch, &again, NULL), ERR_OK);
            if (k == 0) {
                first = again;
                continue;
            }
            ck_assert_uint_eq(first.chunk.length, again.chunk.length);
            ck_assert_int_eq(memcmp(first.chunk.data, again.chunk.data, again.chunk.length), 0);
            buf_done(&again.chunk);
        }
        buf_done(&first.chunk);
        mem_free(scratch);
        image_free(img);
    }
}
END_TEST

/* The most bytes of a picture of 600 x 600 RGB. Noise grows only by heads and flushes; the other
 * limits are 5% above the sizes at the time of writing. */
START_TEST(sizes_do_not_grow)
{
    static const size_t most[KINDS] = {1081000, 2400, 570000, 32000, 7700, 3300, 336000};
    uint64_t seed = 230;
    struct image *img = picture(_i, (struct image_format){600, 600, 3, 8}, &seed);
    struct buf fast = encode(img, 1), standard = encode(img, 6), small = encode(img, 9);
    ck_assert_uint_le(standard.length, most[_i]);
    ck_assert_uint_le(standard.length, fast.length + fast.length / 20);
    ck_assert_uint_le(small.length, standard.length + standard.length / 50);
    buf_done(&fast);
    buf_done(&standard);
    buf_done(&small);
    image_free(img);
}
END_TEST

START_TEST(rows_beyond_what_a_strip_can_be_are_refused)
{
    struct image_format f = {INT32_MAX, 1, 4, 16};
    struct png_strip out;
    struct err e = ERR_INIT;
    size_t bytes = 77;
    ck_assert_int_eq(png_strip_scratch_bytes(&f, 6, &bytes, &e), ERR_MEMORY);
    ck_assert_uint_eq(bytes, 77);
    struct png_strip_job job = {.format = f, .rows = 1};
    ck_assert_int_eq(png_strip_encode(&job, NULL, &out, &e), ERR_MEMORY);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("png_strip");
    TCase *c = tcase_create("png_strip");
    tcase_add_loop_test(c, libpng_finds_what_went_in, 0, KINDS);
    tcase_add_loop_test(c, wide_pictures_come_back, 0, KINDS);
    if (png_kernels_at(1))
        tcase_add_loop_test(c, the_sets_make_the_same_bytes, 0, KINDS);
    else
        harness_left_out(KINDS, "the_sets_make_the_same_bytes",
                         "this processor has one set, so none to compare");
    tcase_add_loop_test(c, sizes_do_not_grow, 0, KINDS);
    tcase_add_test(c, rows_beyond_what_a_strip_can_be_are_refused);
    suite_add_tcase(s, c);
    return harness_run(s);
}
