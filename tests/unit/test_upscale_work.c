/* test_upscale_work.c - the multiply-adds that are computed in advance are those that the engine
 * counts, for random pictures, sizes, models, borders and threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/geometry.h"
#include "engine/upscale.h"
#include "tests/lib/chain_for.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_nets.h"
#include "tests/lib/upscale_pool.h"

enum { MODELS = 10, REQUESTS = 3000 };

/* Makes a network of the form of our own models, with layers that are wide enough for Winograd
 * tiles. */
static struct model *tiled(enum model_color color, enum model_border border, int scale)
{
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, scale, border);
    build_conv(m, LAYER_CONV2D, ends, 16, 3, 1, 0);
    build_prelu(m, 16);
    for (int k = 0; k < 2; k++)
        build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, 0);
    build_with(m, LAYER_ADD, 1);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 16, ends, 3 * scale, scale, 2 * scale);
    return m;
}

static struct model *narrow(enum model_color color, enum model_border border)
{
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, 2, border);
    build_conv(m, LAYER_CONV2D, ends, 4, 3, 1, 0);
    build_conv(m, LAYER_CONV2D, 4, 4, 5, 1, 0);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 4, ends, 6, 2, 4);
    return m;
}

static struct model *shuffling(void)
{
    struct model *m = build_model(COLOR_RGB, 2, BORDER_REPLICATE);
    build_conv(m, LAYER_CONV2D, 3, 12, 3, 1, 1);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    return m;
}

static struct model *resizing(void)
{
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    build_upsample(m, 2, UPSAMPLE_BICUBIC);
    build_conv(m, LAYER_CONV2D, 1, 1, 3, 1, 1);
    return m;
}

static struct model *restoring(void)
{
    struct model *m = build_model(COLOR_RGB, 1, BORDER_MODEL);
    build_layer(m, LAYER_PIXEL_UNSHUFFLE)->downscale_factor = 4;
    build_conv(m, LAYER_CONV2D, 48, 16, 3, 1, 1);
    build_conv(m, LAYER_CONV2D, 16, 48, 3, 1, 1);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 4;
    return m;
}

static struct model *make_model(int which)
{
    switch (which) {
    case 0:
        return tiled(COLOR_Y, BORDER_REPLICATE, 2);
    case 1:
        return tiled(COLOR_RGB, BORDER_REFLECT, 3);
    case 2:
        return narrow(COLOR_RGB, BORDER_WRAP);
    case 3:
        return narrow(COLOR_Y, BORDER_ZERO);
    case 4:
        return net_padded(false);
    case 5:
        return net_padded(true);
    case 6:
        return net_pooling();
    case 7:
        return shuffling();
    case 8:
        return restoring();
    default:
        return resizing();
    }
}

static struct model *models[MODELS];
static struct plan *plans[2 * MODELS]; /* streamed if they can be, and layer by layer */

static void set_up(void)
{
    for (int i = 0; i < MODELS; i++) {
        struct err e = ERR_INIT;
        models[i] = make_model(i);
        build_all_weights(models[i], 5);
        ck_assert_msg(model_finish(models[i], &model_default_limits, &e) == ERR_OK, "%d: %s", i,
                      e.text);
        ck_assert_int_eq(plan_new(models[i], kernels_find(NULL), &plans[2 * i], NULL), ERR_OK);
        ck_assert_int_eq(plan_new(models[i], NULL, &plans[2 * i + 1], NULL), ERR_OK);
    }
}

static void tear_down(void)
{
    for (int i = 0; i < 2 * MODELS; i++)
        plan_free(plans[i]);
    for (int i = 0; i < MODELS; i++)
        model_free(models[i]);
}

static enum err_code ignore_rows(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                                 struct err *e)
{
    (void)arg, (void)pixels, (void)row_bytes, (void)count, (void)e;
    return ERR_OK;
}

/* A random request. */
struct trial {
    struct upscale_params params;
    struct image_format in;
    bool opaque;
    int threads;
    int model; /* index of `plans` */
};

static int side_between(uint64_t *seed, int side)
{
    return harness_random(seed) % 3 == 0 ? side << harness_between(seed, 0, 3)
                                         : harness_between(seed, side, 8 * side);
}

static struct trial make_trial(uint64_t *seed)
{
    struct trial t = {.model = harness_between(seed, 0, 2 * MODELS - 1),
                      .threads = harness_between(seed, 1, 3)};
    /* most pictures are small; a few are long enough for several tiles and bands */
    int most = harness_random(seed) % 16 ? 24 : 300, narrow = most == 300 ? 8 : 24;
    bool tall = harness_random(seed) % 2;
    t.in = (struct image_format){harness_between(seed, 1, tall ? narrow : most),
                                 harness_between(seed, 1, tall ? most : narrow),
                                 harness_between(seed, 1, 4), harness_random(seed) % 2 ? 8 : 16};
    t.opaque = harness_random(seed) % 4 == 0;
    const struct plan *plan = plans[t.model];
    enum model_border own = plan_model(plan)->border;
    bool keeps = plan_model(plan)->scale == 1;
    t.params = (struct upscale_params){
        .width = keeps ? t.in.width : side_between(seed, t.in.width),
        .height = keeps ? t.in.height : side_between(seed, t.in.height),
        .border = own == BORDER_MODEL ? own : (enum model_border)harness_between(seed, 0, 3),
        .depth = harness_random(seed) % 2 ? 8 : 16,
        .restores = harness_random(seed) % 2,
        .band_multiple = harness_random(seed) % 2 ? 64 : 0,
        .max_whole_bytes = (size_t)1 << 31,
    };
    t.params.chain = chain_for(plan, &t.in, t.params.width, t.params.height);
    if (harness_random(seed) % 4 == 0) /* divided in another way */
        t.params.tile = (struct pair){harness_between(seed, 1, 64), harness_between(seed, 1, 64)};
    if (harness_random(seed) % 4 == 0)
        t.params.band_rows = harness_between(seed, 1, 100);
    return t;
}

static struct image *make_image(const struct trial *t, uint64_t *seed)
{
    struct image *img;
    int step = t->in.depth / 8, pixel = t->in.channels * step;
    ck_assert_int_eq(image_new(&t->in, &img, NULL), ERR_OK);
    for (int y = 0; y < t->in.height; y++)
        for (int x = 0; x < t->in.width * pixel; x++)
            img->pixels[(size_t)y * img->row_bytes + (size_t)x] = (uint8_t)harness_random(seed);
    for (int y = 0; image_has_alpha(&t->in) && y < t->in.height; y++)
        for (int x = 0; x < t->in.width; x++)
            memset(img->pixels + (size_t)y * img->row_bytes + (size_t)(x * pixel + pixel - step),
                   t->opaque ? 0xff : 0x7f, (size_t)step);
    return img;
}

/* Returns the multiply-adds that were counted. */
static double run(const struct trial *t, int i, uint64_t *seed)
{
    struct upscale_work said;
    struct err e = ERR_INIT;
    atomic_uint_fast64_t macs = 0;
    struct upscale_params params = t->params;
    params.macs = &macs;
    struct image *img = make_image(t, seed);
    struct pool *pool = upscale_pool(params.chain.plans[0], t->threads);
    ck_assert_int_eq(upscale_work(pool, &params, &t->in, &said, NULL), ERR_OK);
    enum err_code rc =
        upscale_run(pool, &params, img, &(struct upscale_hooks){.rows = ignore_rows}, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    double expected = said.color + (t->opaque ? 0 : said.alpha), counted = (double)macs;
    ck_assert_msg(counted == expected,
                  "request %d: plan %d, %dx%d to %dx%d, %d channels, border %d, tile %dx%d, band "
                  "%d, %d threads: %.0f counted, %.0f told",
                  i, t->model, t->in.width, t->in.height, params.width, params.height,
                  t->in.channels, params.border, params.tile.x, params.tile.y, params.band_rows,
                  t->threads, counted, expected);
    image_free(img);
    pool_free(pool);
    return counted;
}

START_TEST(what_is_told_is_what_is_counted)
{
    uint64_t seed = harness_seed(16) + (uint64_t)_i;
    int busy = 0;
    for (int i = 0; i < REQUESTS / 10; i++) {
        struct trial t = make_trial(&seed);
        busy += run(&t, i, &seed) > 0;
    }
    ck_assert_int_ge(busy, REQUESTS / 10 * 3 / 4);
}
END_TEST

/* A network without halo: one layer of one tap, so that every output costs the same. */
START_TEST(a_network_without_halo_costs_what_its_geometry_says)
{
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    struct plan *plan;
    struct pool *pool;
    struct upscale_work said;
    build_conv(m, LAYER_CONV2D, 1, 4, 1, 1, 0);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    build_all_weights(m, 5);
    ck_assert_int_eq(model_finish(m, &model_default_limits, NULL), ERR_OK);
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    ck_assert_int_eq(pool_new(2, &pool, NULL), ERR_OK);
    struct image_format in = {600, 400, 4, 8};
    struct upscale_params params = {
        .chain = chain_repeated(plan, 1), .width = 1200, .height = 800, .depth = 8};
    ck_assert_int_eq(upscale_work(pool, &params, &in, &said, NULL), ERR_OK);
    ck_assert_double_eq(said.color, 600. * 400 * m->geometry.macs_per_pixel);
    ck_assert_double_eq(said.alpha, said.color);
    params.width = 600;
    params.height = 400;
    ck_assert_int_eq(upscale_work(pool, &params, &in, &said, NULL), ERR_OK);
    ck_assert_double_eq(said.color + said.alpha, 0); /* a copy */
    pool_free(pool);
    plan_free(plan);
    model_free(m);
}
END_TEST

/* With edges, a layer computes its own samples, and those that its tiles add at both ends. */
START_TEST(nothing_is_computed_for_the_zeros_around_a_picture)
{
    enum { LAYERS = 20, WIDTH = 96, HEIGHT = 64, MOST_A_SIDE = 2 * 3 };
    struct model *m = build_model(COLOR_Y, 2, BORDER_MODEL);
    struct plan *plan;
    struct pool *pool;
    struct upscale_work said;
    build_conv(m, LAYER_CONV2D, 1, 16, 3, 1, 1);
    for (int i = 0; i < LAYERS; i++)
        build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, 1);
    build_conv(m, LAYER_CONV2D, 16, 4, 3, 1, 1);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    build_all_weights(m, 5);
    ck_assert_int_eq(model_finish(m, &model_default_limits, NULL), ERR_OK);
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    ck_assert_int_eq(pool_new(1, &pool, NULL), ERR_OK);
    struct image_format in = {WIDTH, HEIGHT, 1, 8};
    struct upscale_params params = {.chain = chain_repeated(plan, 1),
                                    .width = 2 * WIDTH,
                                    .height = 2 * HEIGHT,
                                    .border = BORDER_MODEL,
                                    .depth = 8,
                                    .strips = 1};
    ck_assert_int_eq(upscale_work(pool, &params, &in, &said, NULL), ERR_OK);
    ck_assert_double_ge(said.color, WIDTH * HEIGHT * m->geometry.macs_per_pixel);
    ck_assert_double_le(said.color, (WIDTH + MOST_A_SIDE) * (HEIGHT + MOST_A_SIDE) *
                                        m->geometry.macs_per_pixel);
    pool_free(pool);
    plan_free(plan);
    model_free(m);
}
END_TEST

/* The sides count and not the area: a picture that becomes eight times as wide and no higher needs
 * three passes. */
START_TEST(a_picture_that_grows_along_one_side_takes_every_pass)
{
    struct pool *pool;
    struct upscale_work wide, both;
    struct image_format in = {600, 400, 3, 8};
    struct upscale_params params = {
        .chain = chain_for(plans[0], &in, 4800, 400), .width = 4800, .height = 400, .depth = 8};
    ck_assert_int_eq(pool_new(2, &pool, NULL), ERR_OK);
    ck_assert_int_eq(upscale_work(pool, &params, &in, &wide, NULL), ERR_OK);
    params.height = 3200;
    ck_assert_int_eq(upscale_work(pool, &params, &in, &both, NULL), ERR_OK);
    double once = 600. * 400 * models[0]->geometry.macs_per_pixel;
    ck_assert_double_ge(wide.color, 21 * once); /* 1 + 4 + 16 */
    ck_assert_double_ge(both.color, 21 * once);
    ck_assert_double_le(both.color, 2 * 21 * once);
    pool_free(pool);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("upscale_work");
    TCase *c = tcase_create("upscale_work");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, what_is_told_is_what_is_counted, 0, 10);
    tcase_add_test(c, a_network_without_halo_costs_what_its_geometry_says);
    tcase_add_test(c, nothing_is_computed_for_the_zeros_around_a_picture);
    tcase_add_test(c, a_picture_that_grows_along_one_side_takes_every_pass);
    suite_add_tcase(s, c);
    return harness_run(s);
}
