/* test_upscale_picture.c - whole pictures: sizes, gray, alpha, copies, cancellation, and failed
 * allocations. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/upscale.h"
#include "tests/lib/chain_for.h"
#include "tests/lib/enlarge.h"
#include "tests/lib/harness.h"
#include "tests/lib/upscale_pool.h"

/* One side may grow eight times while the other hardly grows. Then a tile depends on far more than
 * its own pixels. tile_run checks its memory; this test only has to pass. */
START_TEST(sides_may_grow_by_different_factors)
{
    static const double factors[] = {1, 1.1, 3, 8};
    for (int i = 0; i < 16; i++)
        for (int color = COLOR_Y; color <= COLOR_RGB; color++) {
            struct engine x = engine_of(small_model((enum model_color)color, BORDER_REPLICATE));
            struct image *img = random_image(90, 70, 3, 8, 2);
            struct how how = {BORDER_REPLICATE,
                              (int)(90 * factors[i / 4]),
                              (int)(70 * factors[i % 4]),
                              8,
                              2,
                              0,
                              {0, 0},
                              false};
            uint8_t *once = enlarge(&x, img, &how);
            how.band_rows = 50;
            uint8_t *again = enlarge(&x, img, &how);
            ck_assert_int_eq(memcmp(once, again, (size_t)how.width * (size_t)how.height * 3), 0);
            free(once);
            free(again);
            image_free(img);
            engine_done(&x);
        }
}
END_TEST

START_TEST(gray_stored_as_rgb_gives_the_same)
{
    for (int color = COLOR_Y; color <= COLOR_RGB; color++) {
        struct engine x = engine_of(small_model((enum model_color)color, BORDER_REPLICATE));
        struct image *gray = random_image(60, 40, 1, 8, 3), *rgb = random_image(60, 40, 3, 8, 3);
        for (int i = 0; i < 60 * 40; i++)
            memset(rgb->pixels + 3 * i, gray->pixels[i], 3);
        struct how how = {BORDER_REPLICATE, 120, 80, 8, 2, 0, {0, 0}, false};
        uint8_t *a = enlarge(&x, gray, &how), *b = enlarge(&x, rgb, &how);
        for (int i = 0; i < 120 * 80 && color == COLOR_Y; i++)
            for (int c = 0; c < 3; c++)
                ck_assert_int_eq(b[3 * i + c], a[i]);
        free(a);
        free(b);
        image_free(gray);
        image_free(rgb);
        engine_done(&x);
    }
}
END_TEST

START_TEST(alpha_goes_through_the_network_as_gray_does)
{
    struct engine x = engine_of(small_model(COLOR_Y, BORDER_REPLICATE));
    struct image *rgba = random_image(33, 21, 4, 8, 4), *gray = random_image(33, 21, 1, 8, 4);
    for (int i = 0; i < 33 * 21; i++)
        gray->pixels[i] = rgba->pixels[4 * i + 3];
    struct how how = {BORDER_REPLICATE, 66, 42, 8, 2, 0, {0, 0}, false};
    uint8_t *a = enlarge(&x, rgba, &how), *b = enlarge(&x, gray, &how);
    for (int i = 0; i < 66 * 42; i++)
        ck_assert_int_eq(a[4 * i + 3], b[i]);
    free(a);
    for (int i = 0; i < 33 * 21; i++)
        rgba->pixels[4 * i + 3] = 255;
    a = enlarge(&x, rgba, &how);
    for (int i = 0; i < 66 * 42; i++)
        ck_assert_int_eq(a[4 * i + 3], 255);
    free(a);
    free(b);
    image_free(rgba);
    image_free(gray);
    engine_done(&x);
}
END_TEST

/* Enlarges a red square on transparent black: no black may show at its border. */
START_TEST(hidden_colour_does_not_fringe)
{
    struct engine x = engine_of(small_model(COLOR_Y, BORDER_REPLICATE));
    struct image *img = random_image(40, 40, 4, 8, 4), *red = random_image(40, 40, 4, 8, 4);
    for (int i = 0; i < 40 * 40; i++) {
        bool inside = i % 40 >= 12 && i % 40 < 28 && i / 40 >= 12 && i / 40 < 28;
        memcpy(img->pixels + 4 * i, inside ? "\xc8\x14\x14\xff" : "\0\0\0\0", 4);
        memcpy(red->pixels + 4 * i, "\xc8\x14\x14\xff", 4);
    }
    struct how how = {BORDER_REPLICATE, 80, 80, 8, 2, 0, {0, 0}, false};
    uint8_t *a = enlarge(&x, img, &how), *b = enlarge(&x, red, &how);
    for (int i = 0; i < 80 * 80; i++)
        ck_assert_int_eq(memcmp(a + 4 * i, b + 4 * i, 3), 0);
    free(a);
    free(b);
    image_free(img);
    image_free(red);
    engine_done(&x);
}
END_TEST

START_TEST(factor_one_copies_and_changes_depth_exactly)
{
    struct engine x = engine_of(small_model(COLOR_Y, BORDER_REPLICATE));
    struct image *img = random_image(1500, 9, 4, 8, 8);
    struct how how = {BORDER_REPLICATE, 1500, 9, 8, 2, 0, {0, 0}, false};
    uint8_t *same = enlarge(&x, img, &how);
    ck_assert_int_eq(memcmp(same, img->pixels, image_bytes(&img->format)), 0);
    how.depth = 16;
    uint8_t *deep = enlarge(&x, img, &how);
    uint16_t sample;
    for (size_t i = 0; i < image_bytes(&img->format); i++) {
        memcpy(&sample, deep + 2 * i, 2);
        ck_assert_uint_eq(sample, img->pixels[i] * 257u);
    }
    free(same);
    free(deep);
    image_free(img);
    engine_done(&x);
}
END_TEST

START_TEST(output_sizes_are_as_documented)
{
    static const struct {
        struct upscale_size want;
        int width, height, out_width, out_height; /* 0: the size is refused */
    } rows[] = {
        {{2, 0, 0}, 10, 7, 20, 14},   {{1, 0, 0}, 10, 7, 10, 7},   {{8, 0, 0}, 10, 7, 80, 56},
        {{2.5, 0, 0}, 3, 5, 8, 13},   {{0, 30, 0}, 10, 7, 30, 21}, {{0, 0, 21}, 10, 7, 30, 21},
        {{0, 30, 14}, 10, 7, 30, 14}, {{0, 80, 0}, 10, 7, 80, 56}, {{8.01, 0, 0}, 100, 7, 0, 0},
        {{0.5, 0, 0}, 10, 7, 0, 0},   {{0, 9, 0}, 10, 7, 0, 0},    {{0, 81, 0}, 10, 7, 0, 0},
        {{0, 20, 3}, 10, 7, 0, 0},    {{0, 0, 0}, 10, 7, 0, 0},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct pair in = {rows[k].height, rows[k].width}, out = {0, 0};
        struct err e = ERR_INIT;
        enum err_code rc = upscale_output_size(&rows[k].want, in, &out, &e);
        ck_assert_int_eq(rc, rows[k].out_width ? ERR_OK : ERR_BAD_PARAMETER);
        ck_assert_int_eq(out.x, rows[k].out_width);
        ck_assert_int_eq(out.y, rows[k].out_height);
    }
}
END_TEST

START_TEST(a_refused_size_is_named_as_it_was_asked_for)
{
    static const struct {
        struct upscale_size want;
        const char *text;
    } rows[] = {
        {{0, 1000, 0}, "a width of 1000 pixels is not 1 to 8 times the input's 10"},
        {{0, 0, 1000}, "a height of 1000 pixels is not 1 to 8 times the input's 7"},
        {{0, 0, 6}, "a height of 6 pixels is not 1 to 8 times the input's 7"},
        {{0, 20, 1000}, "a height of 1000 pixels is not 1 to 8 times the input's 7"},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        struct pair in = {7, 10}, out = {0, 0};
        struct err e = ERR_INIT;
        ck_assert_int_eq(upscale_output_size(&rows[k].want, in, &out, &e), ERR_BAD_PARAMETER);
        ck_assert_str_eq(e.text, rows[k].text);
    }
}
END_TEST

/* A request that cancels itself after the second band. */
struct watched {
    atomic_bool cancel;
    int bands;
    double last;
};

static enum err_code count_band(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                                struct err *e)
{
    struct watched *w = arg;
    (void)pixels;
    (void)row_bytes;
    (void)count;
    (void)e;
    if (++w->bands == 2)
        atomic_store(&w->cancel, true);
    return ERR_OK;
}

static void watch(void *arg, double fraction)
{
    struct watched *w = arg;
    ck_assert(fraction > w->last && fraction <= 1);
    w->last = fraction;
}

START_TEST(cancel_ends_it_within_one_band)
{
    struct engine x = engine_of(small_model(COLOR_Y, BORDER_REPLICATE));
    struct image *img = random_image(50, 200, 3, 8, 8);
    struct err e = ERR_INIT;
    struct watched w = {false, 0, 0};
    struct upscale_params p = {.chain = chain_repeated(x.plan, 1),
                               .width = 100,
                               .height = 400,
                               .border = BORDER_REPLICATE,
                               .depth = 8,
                               .band_rows = 20};
    struct pool *pool = upscale_pool(x.plan, 2);
    enum err_code rc = upscale_run(pool, &p, img,
                                   &(struct upscale_hooks){.rows = count_band,
                                                           .rows_arg = &w,
                                                           .progress = watch,
                                                           .progress_arg = &w,
                                                           .cancel = &w.cancel},
                                   &e);
    ck_assert_int_eq(rc, ERR_CANCELLED);
    ck_assert_int_eq(w.bands, 2);
    atomic_store(&w.cancel, false);
    w = (struct watched){false, 2, 0}; /* without another cancellation */
    rc = upscale_run(pool, &p, img,
                     &(struct upscale_hooks){.rows = count_band,
                                             .rows_arg = &w,
                                             .progress = watch,
                                             .progress_arg = &w,
                                             .cancel = &w.cancel},
                     &e);
    ck_assert_int_eq(rc, ERR_OK);
    ck_assert_int_eq(w.bands, 22);
    ck_assert(w.last == 1);
    pool_free(pool);
    image_free(img);
    engine_done(&x);
}
END_TEST

START_TEST(failed_allocations_are_told_and_leak_nothing)
{
    struct engine x = engine_of(small_model(COLOR_Y, BORDER_REPLICATE));
    struct pool *pool = upscale_pool(x.plan, 2);
    for (long n = 0;; n++) {
        struct image *img = random_image(30, 20, 4, 8, 8);
        struct watched w = {false, 2, 0};
        struct err e = ERR_INIT;
        img->pixels[3] = 0; /* so that colours are spread, which takes memory too */
        struct upscale_params p = {.chain = chain_repeated(x.plan, 1),
                                   .width = 45,
                                   .height = 30,
                                   .border = BORDER_REPLICATE,
                                   .depth = 8,
                                   .band_rows = 20};
        mem_fail_nth(n);
        enum err_code rc = upscale_run(
            pool, &p, img, &(struct upscale_hooks){.rows = count_band, .rows_arg = &w}, &e);
        mem_fail_nth(-1);
        image_free(img);
        if (rc == ERR_OK)
            break;
        ck_assert_int_eq(rc, ERR_MEMORY);
        ck_assert_int_eq(e.code, ERR_MEMORY);
        ck_assert_int_lt(n, 100);
    }
    pool_free(pool);
    engine_done(&x);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("upscale_picture");
    TCase *c = tcase_create("upscale_picture");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, sides_may_grow_by_different_factors);
    tcase_add_test(c, gray_stored_as_rgb_gives_the_same);
    tcase_add_test(c, alpha_goes_through_the_network_as_gray_does);
    tcase_add_test(c, hidden_colour_does_not_fringe);
    tcase_add_test(c, factor_one_copies_and_changes_depth_exactly);
    tcase_add_test(c, output_sizes_are_as_documented);
    tcase_add_test(c, a_refused_size_is_named_as_it_was_asked_for);
    tcase_add_test(c, cancel_ends_it_within_one_band);
    tcase_add_test(c, failed_allocations_are_told_and_leak_nothing);
    suite_add_tcase(s, c);
    return harness_run(s);
}
