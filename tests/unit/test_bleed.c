/* test_bleed.c - colours that spread under transparency. */
#include <string.h>

#include "engine/base/mem.h"
#include "engine/image/bleed.h"
#include "tests/lib/harness.h"

static struct image *picture(int width, int height, int channels, int depth)
{
    struct err e = ERR_INIT;
    struct image *img = NULL;
    struct image_format f = {width, height, channels, depth};
    ck_assert_int_eq(image_new(&f, &img, &e), ERR_OK);
    memset(img->pixels, 0, image_bytes(&f));
    return img;
}

static size_t pixel_bytes(const struct image *img)
{
    return (size_t)(img->format.channels * img->format.depth / 8);
}

static uint8_t *at(const struct image *img, int x, int y)
{
    return img->pixels + (size_t)y * img->row_bytes + (size_t)x * pixel_bytes(img);
}

static void spread(struct image *img, size_t step)
{
    struct err e = ERR_INIT;
    struct bleed *b = NULL;
    ck_assert_int_eq(bleed_new(img, &b, &e), ERR_OK);
    while (!bleed_step(b, step))
        ;
    bleed_free(b);
}

/* Makes a picture of transparent black with a few visible pixels of random colours. */
static struct image *dots(uint64_t *seed, int channels, int depth, int count)
{
    struct image *img = picture(31, 23, channels, depth);
    size_t bytes = pixel_bytes(img), alpha = (size_t)depth / 8;
    for (int n = 0; n < count; n++) {
        uint8_t *p = at(img, harness_between(seed, 0, 30), harness_between(seed, 0, 22));
        for (size_t i = 0; i < bytes; i++)
            p[i] = (uint8_t)harness_random(seed);
        p[bytes - 1] |= 1; /* with 16 bits, one of the two bytes may be 0 */
        if (alpha == 2)
            p[bytes - 2] = (uint8_t)(n % 2);
    }
    return img;
}

static int chamfer(int dx, int dy)
{
    dx = dx < 0 ? -dx : dx;
    dy = dy < 0 ? -dy : dy;
    return dx > dy ? 3 * (dx - dy) + 4 * dy : 3 * (dy - dx) + 4 * dx;
}

static bool shows(const struct image *img, int x, int y)
{
    size_t bytes = pixel_bytes(img), alpha = (size_t)img->format.depth / 8;
    const uint8_t *p = at(img, x, y) + bytes - alpha;
    return p[0] != 0 || p[alpha - 1] != 0;
}

/* Whether pixel (x, y) has the colour of a visible pixel at the least distance. */
static bool took_a_nearest(const struct image *before, const struct image *after, int x, int y)
{
    size_t color = pixel_bytes(before) - (size_t)before->format.depth / 8;
    int best = 1 << 20;
    bool same = false;
    for (int v = 0; v < before->format.height; v++)
        for (int u = 0; u < before->format.width; u++) {
            int d = chamfer(u - x, v - y);
            if (!shows(before, u, v) || d > best)
                continue;
            same = (d == best && same) || memcmp(at(before, u, v), at(after, x, y), color) == 0;
            best = d;
        }
    return same;
}

START_TEST(holes_take_a_nearest_visible_colour_and_nothing_else_changes)
{
    const struct {
        int channels, depth;
    } formats[] = {{2, 8}, {2, 16}, {4, 8}, {4, 16}};
    uint64_t seed = 11;
    for (int n = 0; n < 40; n++) {
        uint64_t same = seed;
        struct image *before =
            dots(&seed, formats[n % 4].channels, formats[n % 4].depth, n % 9 + 1);
        struct image *after = dots(&same, formats[n % 4].channels, formats[n % 4].depth, n % 9 + 1);
        size_t bytes = pixel_bytes(before), alpha = (size_t)before->format.depth / 8;
        spread(after, (size_t)n * 20);
        for (int y = 0; y < 23; y++)
            for (int x = 0; x < 31; x++) {
                ck_assert_int_eq(memcmp(at(before, x, y) + bytes - alpha,
                                        at(after, x, y) + bytes - alpha, alpha),
                                 0);
                if (shows(before, x, y))
                    ck_assert_int_eq(memcmp(at(before, x, y), at(after, x, y), bytes), 0);
                else
                    ck_assert(took_a_nearest(before, after, x, y));
            }
        image_free(before);
        image_free(after);
    }
}
END_TEST

START_TEST(far_from_all_that_shows_the_colour_still_arrives)
{
    struct image *img = picture(400, 3, 2, 8);
    memcpy(at(img, 399, 2), "\x77\xff", 2);
    spread(img, 1);
    ck_assert_uint_eq(*at(img, 0, 0), 0x77);
    image_free(img);
}
END_TEST

START_TEST(nothing_visible_changes_nothing)
{
    struct image *img = picture(5, 5, 4, 8);
    memcpy(at(img, 2, 2), "\1\2\3\0", 4);
    spread(img, 1000);
    ck_assert_int_eq(memcmp(at(img, 2, 2), "\1\2\3\0", 4), 0);
    ck_assert_uint_eq(*at(img, 0, 0), 0);
    image_free(img);
}
END_TEST

START_TEST(look_tells_opaque_from_translucent_from_holes)
{
    for (int depth = 8; depth <= 16; depth += 8) {
        struct image *img = picture(3, 4, 4, depth), *solid = picture(2, 2, 3, depth);
        memset(img->pixels, 255, image_bytes(&img->format));
        ck_assert_int_eq(bleed_look(img, 0, 4), ALPHA_OPAQUE);
        at(img, 2, 3)[pixel_bytes(img) - 1] = 254; /* one less; with 16 bits, 256 or 1 less */
        ck_assert_int_eq(bleed_look(img, 0, 3), ALPHA_OPAQUE);
        ck_assert_int_eq(bleed_look(img, 3, 4), ALPHA_PARTIAL);
        memset(at(img, 1, 1), 0, pixel_bytes(img));
        ck_assert_int_eq(bleed_look(img, 0, 4), ALPHA_HOLES);
        ck_assert_int_eq(bleed_look(img, 2, 4), ALPHA_PARTIAL);
        ck_assert_int_eq(bleed_look(solid, 0, 2), ALPHA_OPAQUE);
        image_free(img);
        image_free(solid);
    }
}
END_TEST

START_TEST(failed_allocations_are_told)
{
    struct image *img = picture(3, 3, 4, 8);
    for (long n = 0; n < 2; n++) {
        struct err e = ERR_INIT;
        struct bleed *b = NULL;
        mem_fail_nth(n);
        ck_assert_int_eq(bleed_new(img, &b, &e), ERR_MEMORY);
        mem_fail_nth(-1);
        ck_assert_ptr_null(b);
    }
    image_free(img);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bleed");
    TCase *c = tcase_create("bleed");
    tcase_add_test(c, holes_take_a_nearest_visible_colour_and_nothing_else_changes);
    tcase_add_test(c, far_from_all_that_shows_the_colour_still_arrives);
    tcase_add_test(c, nothing_visible_changes_nothing);
    tcase_add_test(c, look_tells_opaque_from_translucent_from_holes);
    tcase_add_test(c, failed_allocations_are_told);
    suite_add_tcase(s, c);
    return harness_run(s);
}
