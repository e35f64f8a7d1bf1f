/* test_bands.c - how outputs are divided: within the bounds of every wish, and into enough tiles
 * for all threads. */
#include "engine/tiles/bands.h"

#include "tests/lib/harness.h"

static const struct pair sides[] = {{1, 1},       {2, 4000},     {4000, 2},     {512, 512},
                                    {2160, 3840}, {8000, 12000}, {700, 100000}, {100000, 700}};
static const struct pair most[] = {{1, 1}, {17, 250}, {576, 768}, {4096, 4096}};
static const int threads[] = {1, 2, 3, 8, 64, 128};
static const int multiples[] = {0, 1, 4, 64};

static void check(const struct bands_wish *w)
{
    struct bands b = bands_choose(w);
    int multiple = w->multiple ? w->multiple : 1;
    ck_assert(b.tile.x >= 1 && b.tile.x <= w->most.x);
    ck_assert(b.tile.y >= 1 && b.tile.y <= w->most.y);
    ck_assert(b.rows >= 1 && b.rows <= w->out.y);
    if (w->rows == 0)
        ck_assert(b.rows % multiple == 0 || b.rows == w->out.y);
    /* the tiles of a band cover it, and none of them is empty */
    int tiles = bands_tiles(&b, w->out.x, b.rows), across = bands_tiles(&b, w->out.x, 1);
    ck_assert((long)across * b.tile.x >= w->out.x && (long)(across - 1) * b.tile.x < w->out.x);
    ck_assert_int_eq(tiles % across, 0);
    ck_assert((long)(tiles / across) * b.tile.y >= b.rows);
    ck_assert((long)(tiles / across - 1) * b.tile.y < b.rows);
}

START_TEST(tiles_and_bands_keep_within_their_bounds)
{
    struct bands_wish w = {.out = sides[_i]};
    for (size_t m = 0; m < sizeof most / sizeof *most; m++)
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
            for (size_t k = 0; k < sizeof multiples / sizeof *multiples; k++) {
                w.most = most[m];
                w.threads = threads[t];
                w.multiple = multiples[k];
                check(&w);
            }
}
END_TEST

START_TEST(what_is_asked_for_is_taken_where_it_fits)
{
    struct bands_wish w = {.out = {2160, 3840}, .most = {576, 768}, .threads = 2};
    w.tile = (struct pair){100, 200};
    w.rows = 300;
    struct bands b = bands_choose(&w);
    ck_assert(b.tile.y == 100 && b.tile.x == 200 && b.rows == 300);
    w.tile = (struct pair){1, 1};
    b = bands_choose(&w);
    ck_assert(b.tile.y == 1 && b.tile.x == 1 && b.rows == 300);
    w.tile = (struct pair){577, 769};
    w.rows = 5000;
    b = bands_choose(&w);
    ck_assert(b.tile.y <= 576 && b.tile.x <= 768 && b.rows == 2160);
}
END_TEST

START_TEST(threads_have_some_tiles_each)
{
    struct bands_wish w = {.out = {2160, 3840}, .most = {576, 768}, .multiple = 64};
    for (w.threads = 2; w.threads <= 16; w.threads++) {
        struct bands b = bands_choose(&w);
        ck_assert_int_ge(bands_tiles(&b, w.out.x, b.rows), 3 * w.threads);
    }
}
END_TEST

START_TEST(a_large_output_is_never_one_band)
{
    static const struct pair large[] = {{2160, 3840}, {4320, 7680}, {8000, 12000},
                                        {65535, 130}, {130, 65535}, {65535, 65535}};
    static const int counts[] = {1, 2, 8, 16, 64, 128, 1024};
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            struct bands_wish w = {
                .out = large[i], .most = {576, 768}, .threads = counts[k], .multiple = 64};
            struct bands b = bands_choose(&w);
            ck_assert_msg(2 * (b.rows - b.tile.y) < w.out.y && b.rows < w.out.y,
                          "%dx%d, %d threads: %d rows of %d", w.out.x, w.out.y, w.threads, b.rows,
                          w.out.y);
        }
}
END_TEST

/* Checks into how many tiles two threads divide an output that would fit into one. */
static void divides(struct pair out, struct pair tile, int count)
{
    struct bands_wish w = {.out = out, .most = {8192, 8192}, .threads = 2, .multiple = 1};
    struct bands b = bands_choose(&w);
    ck_assert_int_eq(bands_tiles(&b, out.x, out.y), count);
    ck_assert(b.tile.y == tile.y && b.tile.x == tile.x);
}

START_TEST(longer_sides_are_divided_no_further_than_needed)
{
    divides((struct pair){1024, 4096}, (struct pair){512, 1024}, 8);
    divides((struct pair){4000, 1024}, (struct pair){1000, 512}, 8);
    divides((struct pair){320, 320}, (struct pair){160, 160}, 4); /* smaller ones are mostly halo */
}
END_TEST

START_TEST(one_thread_has_no_more_tiles_than_fit)
{
    struct bands_wish w = {.out = {512, 512}, .most = {576, 768}, .threads = 1, .multiple = 64};
    struct bands b = bands_choose(&w);
    ck_assert_int_eq(bands_tiles(&b, w.out.x, b.rows), 1);
    w.out.x = 1000;
    b = bands_choose(&w);
    ck_assert_int_eq(bands_tiles(&b, w.out.x, b.rows), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bands");
    TCase *c = tcase_create("bands");
    tcase_add_loop_test(c, tiles_and_bands_keep_within_their_bounds, 0,
                        sizeof sides / sizeof *sides);
    tcase_add_test(c, what_is_asked_for_is_taken_where_it_fits);
    tcase_add_test(c, threads_have_some_tiles_each);
    tcase_add_test(c, a_large_output_is_never_one_band);
    tcase_add_test(c, longer_sides_are_divided_no_further_than_needed);
    tcase_add_test(c, one_thread_has_no_more_tiles_than_fit);
    suite_add_tcase(s, c);
    return harness_run(s);
}
