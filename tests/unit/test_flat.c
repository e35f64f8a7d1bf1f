/* test_flat.c - flat alpha stays exact, at every edge and wherever a row is divided; gray pictures
 * are found. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine/tiles/flat.h"
#include "engine/tiles/gray.h"
#include "tests/lib/harness.h"

enum { UNTOUCHED = 77 };

static const enum model_border borders[] = {BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP,
                                            BORDER_ZERO};

/* Returns the position that stands for `i`, counted step by step; -1 if none does. */
static int stands_for(enum model_border border, int i, int n)
{
    int step = 1, at = 0;
    if (i >= 0 && i < n)
        return i;
    switch (border) {
    case BORDER_WRAP:
        return ((i % n) + n) % n;
    case BORDER_ZERO:
        return -1;
    case BORDER_REFLECT:
        for (int k = 0; k < abs(i) && n > 1; k++) {
            step = at + step < 0 || at + step >= n ? -step : step;
            at += step;
        }
        return at;
    default:
        return i < 0 ? 0 : n - 1;
    }
}

static unsigned sample(const struct image *img, int x, int y)
{
    int channels = img->format.channels;
    if (img->format.depth == 16) {
        uint16_t value;
        memcpy(&value,
               img->pixels + (size_t)y * img->row_bytes +
                   ((size_t)x * (size_t)channels + (size_t)channels - 1) * 2,
               2);
        return value == 0 ? 0 : value == 65535 ? 255 : 128;
    }
    return img->pixels[(size_t)y * img->row_bytes + (size_t)(x * channels + channels - 1)];
}

/* Returns what the output pixel must be, or UNTOUCHED. */
static unsigned wanted(const struct tile_job *job, int x, int y)
{
    const struct image_format *in = &job->img->format, *out = &job->out;
    int cx = (int)(((double)x + 0.5) * in->width / out->width);
    int cy = (int)(((double)y + 0.5) * in->height / out->height);
    int zeros = 0, fulls = 0;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++) {
            int sx = stands_for(job->border, cx + dx, in->width);
            int sy = stands_for(job->border, cy + dy, in->height);
            unsigned value = sx < 0 || sy < 0 ? 0 : sample(job->img, sx, sy);
            zeros += value == 0;
            fulls += value == 255;
        }
    return zeros == 9 ? 0 : fulls == 9 ? 255 : UNTOUCHED;
}

/* Fills the picture with large fields of 0 and 255, so that flat places are common, and with a few
 * pixels between. */
static void fill(struct image *img, uint64_t *seed)
{
    struct image_format *f = &img->format;
    size_t bytes = (size_t)f->depth / 8, step = bytes * (size_t)f->channels;
    int field = harness_between(seed, 1, 40);
    memset(img->pixels, 3, img->row_bytes * (size_t)f->height);
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++) {
            uint8_t *alpha =
                img->pixels + (size_t)y * img->row_bytes + (size_t)(x + 1) * step - bytes;
            bool between = harness_between(seed, 0, 99) == 0;
            memset(alpha, (x / field + y / 4) % 2 ? 255 : 0, bytes);
            if (between)
                alpha[bytes - 1] = 128;
        }
}

static void compare(const struct tile_job *job, uint64_t *seed)
{
    size_t bytes = (size_t)job->out.depth / 8, step = bytes * (size_t)job->out.channels;
    uint8_t *row = malloc((size_t)job->out.width * step);
    for (int y = 0; y < job->out.height; y++) {
        memset(row, UNTOUCHED, (size_t)job->out.width * step);
        for (int x = 0, count; x < job->out.width; x += count) {
            count = harness_between(seed, 1, job->out.width - x);
            flat_alpha(job, (struct resample_area){x, y, count, 1}, row + (size_t)x * step);
        }
        for (int x = 0; x < job->out.width; x++) {
            const uint8_t *pixel = row + (size_t)x * step;
            unsigned want = wanted(job, x, y);
            for (size_t i = 0; i < step; i++) {
                unsigned value = i < step - bytes ? UNTOUCHED : want;
                ck_assert_msg(pixel[i] == value, "(%d, %d) byte %zu is %u, not %u (border %d)", x,
                              y, i, pixel[i], value, (int)job->border);
            }
        }
    }
    free(row);
}

START_TEST(flat_alpha_is_exact_and_nothing_else_changes)
{
    uint64_t seed = harness_seed((uint64_t)_i + 1);
    for (int round = 0; round < 12; round++) {
        struct image_format f = {
            harness_between(&seed, 1, round % 3 ? 40 : 700), harness_between(&seed, 1, 12),
            2 + 2 * harness_between(&seed, 0, 1), 8 * harness_between(&seed, 1, 2)};
        struct image *img = NULL;
        ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
        fill(img, &seed);
        struct tile_job job = {.border = borders[_i], .img = img, .out = f};
        job.out.width = harness_between(&seed, f.width, 8 * f.width);
        job.out.height = harness_between(&seed, f.height, 8 * f.height);
        compare(&job, &seed);
        image_free(img);
    }
}
END_TEST

static bool is_gray(struct pool *pool, const struct image *img)
{
    bool gray = false;
    ck_assert_int_eq(gray_look(pool, img, NULL, &gray, NULL), ERR_OK);
    return gray;
}

/* Changes one sample of one pixel in a gray picture. */
START_TEST(one_coloured_pixel_is_found_wherever_it_is)
{
    struct pool *pool = NULL;
    uint64_t seed = harness_seed(9);
    ck_assert_int_eq(pool_new(2, &pool, NULL), ERR_OK);
    for (int round = 0; round < 16; round++) {
        struct image_format f = {harness_between(&seed, 1, round % 4 ? 30 : 900),
                                 harness_between(&seed, 1, 900), harness_between(&seed, 3, 4),
                                 8 * harness_between(&seed, 1, 2)};
        struct image *img = NULL;
        ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
        size_t bytes = (size_t)f.depth / 8, step = bytes * (size_t)f.channels;
        for (int y = 0; y < f.height; y++)
            for (int x = 0; x < f.width; x++) {
                uint8_t *p = img->pixels + (size_t)y * img->row_bytes + (size_t)x * step;
                memset(p, (x * 7 + y) & 255, step);
                if (f.channels == 4)
                    memset(p + 3 * bytes, 13, bytes); /* alpha is not a colour */
            }
        ck_assert(is_gray(pool, img));
        int x = harness_between(&seed, 0, f.width - 1), y = harness_between(&seed, 0, f.height - 1);
        size_t byte = (size_t)harness_between(&seed, 0, (int)(3 * bytes) - 1);
        img->pixels[(size_t)y * img->row_bytes + (size_t)x * step + byte] ^= 1;
        ck_assert_msg(!is_gray(pool, img), "(%d, %d) byte %zu of %dx%d", x, y, byte, f.width,
                      f.height);
        image_free(img);
    }
    pool_free(pool);
}
END_TEST

START_TEST(the_look_for_gray_can_be_cancelled)
{
    struct pool *pool = NULL;
    struct image *img = NULL;
    struct image_format f = {64, 64, 3, 8};
    atomic_bool cancel = true;
    bool gray;
    ck_assert_int_eq(pool_new(1, &pool, NULL), ERR_OK);
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    memset(img->pixels, 0, image_bytes(&f));
    ck_assert_int_eq(gray_look(pool, img, &cancel, &gray, NULL), ERR_CANCELLED);
    image_free(img);
    pool_free(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flat");
    TCase *t = tcase_create("flat");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, flat_alpha_is_exact_and_nothing_else_changes, 0,
                        sizeof borders / sizeof *borders);
    tcase_add_test(t, one_coloured_pixel_is_found_wherever_it_is);
    tcase_add_test(t, the_look_for_gray_can_be_cancelled);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
