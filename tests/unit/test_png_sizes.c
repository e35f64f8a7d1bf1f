/* test_png_sizes.c - the encoder beside libpng at its level 6, on pictures that are made here: how
 * large its files are, and that they are the same whatever the threads and the batches. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/encode.h"
#include "engine/png/png_reference.h"
#include "tests/lib/harness.h"
#include "tests/lib/png_libpng.h"
#include "tests/lib/write_png.h"

enum { LEVEL = 6, STRETCH = 31900 };

/* What a tile consists of: noise, noise in few values, or waves with some noise, as a texture. */
enum content { NOISE, FEW, WAVES, CONTENTS };

/* Triangles of some period, 0..127. */
static int wave(int at, int period)
{
    int phase = at % period * 256 / period;
    return phase < 128 ? phase : 255 - phase;
}

static uint8_t tile_sample(enum content content, int x, int y, int c, uint64_t *seed)
{
    uint64_t r = harness_random(seed);
    switch (content) {
    case NOISE:
        return (uint8_t)r;
    case FEW:
        return (uint8_t)(r % 16 * 16);
    default:
        return (uint8_t)(wave(x, 70 + 9 * c) / 2 + wave(x + y, 110 - 7 * c) + (int)(r % 9));
    }
}

/* Fills a picture whose pixels repeat every dx columns and every dy rows. */
static struct image *tiled(struct image_format f, int dx, int dy, enum content content)
{
    struct image *img = NULL;
    uint64_t seed = 300 + (uint64_t)content;
    size_t pixel = (size_t)f.channels * (size_t)f.depth / 8;
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    for (int y = 0; y < f.height; y++)
        for (int x = 0; x < f.width; x++) {
            uint8_t *p = img->pixels + (size_t)y * img->row_bytes + (size_t)x * pixel;
            if (x >= dx)
                memcpy(p, p - (size_t)dx * pixel, pixel);
            else if (y >= dy)
                memcpy(p, p - (size_t)dy * img->row_bytes, pixel);
            else
                for (size_t c = 0; c < pixel; c++)
                    p[c] = tile_sample(content, x, y, (int)c, &seed);
        }
    return img;
}

static size_t size_of(const struct image *img, int compression)
{
    struct png_writer_params params = {.format = img->format, .compression = compression};
    struct buf file;
    buf_init(&file, 1 << 26);
    ck_assert_int_eq(write_png(&params, img, &file, NULL), ERR_OK);
    size_t length = file.length;
    buf_done(&file);
    return length;
}

/* `more`: bytes that ours may have besides. Frees the picture. */
static void check_size_and(struct image *img, int percent, size_t more, const char *what)
{
    size_t reference;
    ck_assert_int_eq(png_reference_encode(img, LEVEL, &reference, NULL), ERR_OK);
    size_t ours = size_of(img, LEVEL);
    ck_assert_msg(ours * 100 <= reference * (size_t)percent + more * 100,
                  "%s, %dx%d, %d channels of %d bits: %zu, libpng's level 6 %zu", what,
                  img->format.width, img->format.height, img->format.channels, img->format.depth,
                  ours, reference);
    image_free(img);
}

static void check_size(struct image *img, int percent, const char *what)
{
    check_size_and(img, percent, 0, what);
}

/* Deflate reaches 32 KiB back. What repeats within that is packed as well as by zlib, to 5 %:
 * tiles side by side, as long as a row holds four, and one above the other, across strips. */
START_TEST(repetitions_far_away_are_found)
{
    static const int distances[] = {100, 256, 1000, 3000, 10000};
    int distance = distances[_i], far = 4 * distance < STRETCH ? 4 * distance : STRETCH;
    int wide = far > 1024 ? far : 1024;
    for (int channels = 1; channels <= 4; channels++)
        for (int content = 0; content < CONTENTS; content++) {
            int height = 400000 / (wide * channels), width = 24000 / (distance * channels);
            struct image_format rows = {wide, height > 3 ? height : 3, channels, 8};
            struct image_format columns = {width > 0 ? width : 1, far, channels, 8};
            check_size(tiled(rows, distance, rows.height, (enum content)content), 105, "columns");
            check_size(tiled(columns, columns.width, distance, (enum content)content), 105, "rows");
        }
}
END_TEST

/* Samples of 16 bits have two bytes each, whose order the encoder changes. */
START_TEST(repetitions_are_found_in_16_bits)
{
    for (int content = 0; content < CONTENTS; content++) {
        struct image_format columns = {60, 900, 2, 16};
        check_size(tiled((struct image_format){2000, 40, 3, 16}, 500, 40, (enum content)content),
                   105, "columns");
        check_size(tiled(columns, columns.width, 70, (enum content)content), 105, "rows");
    }
}
END_TEST

/* Pictures of which deflate leaves little: a code of squares, gradients, a board, a glow in the
 * alpha, waves whose pixels are repeated, and halftones. */
enum drawing { CODE, GRADIENT, BOARD, GLOW, ENLARGED, HALFTONE, DRAWINGS };

/* A round spot of light, 0..255. */
static int glow(int dx, int dy)
{
    int light = 255 - (int)sqrt(dx * dx + dy * dy);
    return light > 0 ? light : 0;
}

static int drawn_sample(enum drawing drawing, int x, int y, int c)
{
    uint64_t seed = (uint64_t)(x / 8 + y / 8 * 1000);
    switch (drawing) {
    case CODE:
        return harness_random(&seed) % 2 ? 255 : 0;
    case GRADIENT:
        return (c == 0 ? x : c == 1 ? y : x + y) * 255 / 1000;
    case BOARD:
        return (x / 5 + y / 5) % 2 * 255;
    case GLOW:
        return c < 3 ? 60 * c + 40 : glow(x - 300, y - 200);
    case ENLARGED:
        return tile_sample(WAVES, x / 3, y / 3, c, &(uint64_t){(uint64_t)(x / 3 + y / 3 * 1000)});
    default:
        return wave(x, 8) + wave(y, 8) > x * 254 / 600 ? 255 : 0;
    }
}

/* Some of them have a thousand bytes, of which the codes of a block and the end of a strip may take
 * a tenth. */
START_TEST(drawings_are_as_small_as_libpngs)
{
    const size_t codes = 128;
    static const int channels[DRAWINGS] = {3, 3, 1, 4, 3, 1};
    struct image_format f = {600, 400, channels[_i], 8};
    struct image *img = NULL;
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    for (int y = 0; y < f.height; y++)
        for (int i = 0; i < f.width * f.channels; i++)
            img->pixels[(size_t)y * img->row_bytes + (size_t)i] =
                (uint8_t)drawn_sample((enum drawing)_i, i / f.channels, y, i % f.channels);
    check_size_and(img, 105, codes, "drawing");
}
END_TEST

/* Sums of sizes. */
struct sums {
    size_t ours, fast, reference;
};

/* Adds the sizes at levels 6 and 2, and those of libpng at level 6. No picture may be 5 % larger
 * than libpng's. Frees the picture. */
static void add_sizes(struct image *img, struct sums *sums, const char *what)
{
    size_t ours = size_of(img, LEVEL), reference;
    ck_assert_int_eq(png_reference_encode(img, LEVEL, &reference, NULL), ERR_OK);
    ck_assert_msg(ours * 100 <= reference * 105, "%s: %zu, libpng's level 6 %zu", what, ours,
                  reference);
    sums->ours += ours;
    sums->fast += size_of(img, 2);
    sums->reference += reference;
    image_free(img);
}

static void check_sums(const struct sums *s, const char *what)
{
    ck_assert_msg(s->ours <= s->reference, "%s: %zu, libpng's level 6 %zu", what, s->ours,
                  s->reference);
    ck_assert_msg(s->fast * 100 <= s->reference * 110, "%s: level 2 %zu, libpng's level 6 %zu",
                  what, s->fast, s->reference);
}

/* Waves, edges and a camera's noise: a sum of small numbers, more of it in some places. */
static struct image *photograph(struct image_format f, uint64_t *seed)
{
    struct image *img = NULL;
    int noise = harness_between(seed, 4, 12), slope = harness_between(seed, 40, 120);
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    for (int y = 0; y < f.height; y++)
        for (int x = 0; x < f.width; x++)
            for (int c = 0; c < f.channels; c++) {
                int v = wave(x, 190 + slope) / 3 + wave(x + 2 * y, 310 - slope) / 2 + 9 * c;
                v += wave(x - y + 1000, 170) > 90 ? 50 : 0;
                for (int k = 0; k < 3; k++)
                    v += harness_between(seed, 0, noise * (1 + wave(y, 400) / 64) / 3);
                img->pixels[(size_t)y * img->row_bytes + (size_t)(x * f.channels + c)] = (uint8_t)v;
            }
    return img;
}

START_TEST(noisy_pictures_are_as_small_as_libpngs)
{
    uint64_t seed = 400 + (uint64_t)_i;
    struct sums sums = {0};
    for (int k = 0; k < 4; k++)
        add_sizes(photograph((struct image_format){300 + 60 * k, 250, 1 + _i, 8}, &seed), &sums,
                  "noise");
    check_sums(&sums, "noise");
}
END_TEST

/* Returns one of Kodak's photographs, or NULL if the test data do not have it. */
static struct image *kodak(const char *size, int number)
{
    char name[40];
    size_t length;
    struct image_format f;
    struct image *img = NULL;
    snprintf(name, sizeof name, "kodak/%s/kodim%02d.png", size, number);
    const char *path = harness_data(name);
    uint8_t *file = path ? harness_read(path, &length) : NULL;
    if (!file)
        return NULL;
    uint8_t *pixels = png_libpng_decode(file, length, &f);
    ck_assert_ptr_nonnull(pixels);
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    memcpy(img->pixels, pixels, image_bytes(&f));
    free(pixels);
    free(file);
    return img;
}

/* The 18 photographs of Kodak's that the test data has: no larger than libpng's at level 6. */
START_TEST(photographs_are_as_small_as_libpngs)
{
    static const char *const sizes[] = {"hr", "lr"};
    struct sums sums = {0};
    int found = 0;
    for (int k = 1; k <= 24; k++) {
        struct image *img = kodak(sizes[_i], k);
        if (img)
            add_sizes(img, &sums, sizes[_i]);
        found += img != NULL;
    }
    ck_assert_int_eq(found, 18);
    check_sums(&sums, "Kodak");
}
END_TEST

/* Makes a picture of three channels gray, or puts white paper with lines of crooked strokes on its
 * right half. Each strip of the latter has both a photograph and a drawing. */
static void change(struct image *img, bool gray)
{
    uint64_t seed = 600;
    for (int y = 0; y < img->format.height; y++)
        for (int x = gray ? 0 : img->format.width / 2; x < img->format.width; x++) {
            uint8_t *p = img->pixels + (size_t)y * img->row_bytes + (size_t)x * 3;
            bool ink = y % 12 < 7 && harness_between(&seed, 0, 5) == 0;
            memset(p, gray ? p[1] : ink ? 40 : 255, 3);
        }
}

START_TEST(partial_photographs_are_as_small_as_libpngs)
{
    struct sums sums = {0};
    for (int k = 1; k <= 24; k++) {
        struct image *img = kodak("lr", k);
        if (!img)
            continue;
        change(img, _i == 0);
        add_sizes(img, &sums, "part");
    }
    ck_assert_msg(sums.ours <= sums.reference, "%zu, libpng's level 6 %zu", sums.ours,
                  sums.reference);
}
END_TEST

static struct buf encode(const struct image *img, int compression, int threads, int strips)
{
    struct buf out;
    struct pool *pool;
    struct encode *c = NULL;
    int height = img->format.height, batch = png_strip_rows(&img->format) * strips;
    struct encode_job job = {.params = {.format = img->format, .compression = compression},
                             .out = &out};
    buf_init(&out, 1 << 26);
    ck_assert_int_eq(pool_new(threads, &pool, NULL), ERR_OK);
    job.pool = pool;
    ck_assert_int_eq(encode_new(&job, &c, NULL), ERR_OK);
    for (int y = 0; y < height; y += batch)
        ck_assert_int_eq(encode_rows(c, img->pixels + (size_t)y * img->row_bytes, img->row_bytes,
                                     batch < height - y ? batch : height - y, NULL),
                         ERR_OK);
    ck_assert_int_eq(encode_finish(c, NULL), ERR_OK);
    encode_free(c);
    pool_free(pool);
    return out;
}

/* Strips refer to the rows before them, which may have come with another batch. */
START_TEST(threads_and_batches_make_the_same_bytes)
{
    static const struct image_format formats[] = {
        {90, 2500, 3, 8}, {7, 17000, 4, 8}, {700, 400, 3, 16}, {40000, 60, 1, 8}};
    static const int levels[] = {2, 6, 7};
    for (int k = 0; k < 3; k++) {
        struct image *img = tiled(formats[_i], 40000, 50, WAVES);
        struct buf first = encode(img, levels[k], 1, 1);
        for (int strips = 1; strips <= 4; strips++)
            for (int threads = 1; threads <= 5; threads += 2) {
                struct buf again = encode(img, levels[k], threads, strips);
                ck_assert_uint_eq(again.length, first.length);
                ck_assert_int_eq(memcmp(again.data, first.data, first.length), 0);
                buf_done(&again);
            }
        buf_done(&first);
        image_free(img);
    }
}
END_TEST

/* How large files are does not depend on threads, and takes a quarter of an hour under the thread
 * sanitizer. */
static void add_claims_of_sizes(TCase *c)
{
    tcase_add_loop_test(c, repetitions_far_away_are_found, 0, 5);
    tcase_add_test(c, repetitions_are_found_in_16_bits);
    tcase_add_loop_test(c, drawings_are_as_small_as_libpngs, 0, DRAWINGS);
    tcase_add_loop_test(c, noisy_pictures_are_as_small_as_libpngs, 0, 4);
    if (harness_data("kodak/hr")) {
        tcase_add_loop_test(c, photographs_are_as_small_as_libpngs, 0, 2);
        tcase_add_loop_test(c, partial_photographs_are_as_small_as_libpngs, 0, 2);
    } else {
        harness_left_out(4, "photographs are as small as libpng's", "no Kodak in TEST_DATA");
    }
}

int main(void)
{
    Suite *s = suite_create("png_sizes");
    TCase *c = tcase_create("png_sizes");
    if (HARNESS_TSAN)
        harness_left_out(20, "the claims of sizes", "sizes do not depend on threads");
    else
        add_claims_of_sizes(c);
    tcase_add_loop_test(c, threads_and_batches_make_the_same_bytes, 0, 4);
    suite_add_tcase(s, c);
    return harness_run(s);
}
