/* test_upscale.c - whole pictures: against the network run on the whole extended picture at once,
 * and the same bytes however the work is cut. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/image/color.h"
#include "engine/image/resample.h"
#include "engine/tiles/border.h"
#include "engine/upscale.h"
#include "tests/lib/chain_for.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_nets.h"
#include "tests/lib/nn_run.h"
#include "tests/lib/upscale_pool.h"

/* A small network of our models' form: valid convolutions, a skip, a transposed convolution. */
static struct model *small_model(enum model_color color, enum model_border border)
{
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, 2, border);
    build_conv(m, LAYER_CONV2D, ends, 4, 3, 1, 0);
    build_prelu(m, 4);
    build_conv(m, LAYER_CONV2D, 4, 4, 3, 1, 0);
    build_with(m, LAYER_ADD, 1);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 4, ends, 6, 2, 4);
    build_all_weights(m, 5);
    return m;
}

/* As small_model, with layers that go by Winograd's tiles. */
static struct model *tiled_model(enum model_border border)
{
    struct model *m = build_model(COLOR_Y, 2, border);
    build_conv(m, LAYER_CONV2D, 1, 16, 3, 1, 0);
    build_prelu(m, 16);
    for (int k = 0; k < 3; k++)
        build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, 0);
    build_with(m, LAYER_ADD, 1);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 16, 1, 6, 2, 4);
    build_all_weights(m, 8);
    return m;
}

static struct model *padded_model(void)
{
    struct model *m = net_padded(false);
    build_all_weights(m, 6);
    return m;
}

static struct model *whole_model(void)
{
    struct model *m = net_padded(true);
    build_all_weights(m, 6);
    return m;
}

static struct model *pooling_model(void)
{
    struct model *m = net_pooling();
    build_all_weights(m, 7);
    return m;
}

/* As RRDBNet for a factor of 2: cells of two pixels become channels, and are enlarged twice. */
static struct model *cells_model(enum model_border border)
{
    struct model *m = build_model(COLOR_Y, 2, border);
    build_layer(m, LAYER_PIXEL_UNSHUFFLE)->downscale_factor = 2;
    build_conv(m, LAYER_CONV2D, 4, 16, 3, 1, 1);
    build_layer(m, LAYER_RELU);
    build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, 1);
    build_with(m, LAYER_ADD, 1);
    for (int k = 0; k < 2; k++) {
        build_upsample(m, 2, UPSAMPLE_NEAREST);
        build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, 1);
    }
    build_conv(m, LAYER_CONV2D, 16, 1, 3, 1, 1);
    build_all_weights(m, 9);
    return m;
}

/* Of scale 1: the picture keeps its size. */
static struct model *restoring_model(enum model_color color, enum model_border border)
{
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, 1, border);
    build_conv(m, LAYER_CONV2D, ends, 16, 3, 1, border == BORDER_MODEL);
    build_prelu(m, 16);
    build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, border == BORDER_MODEL);
    build_conv(m, LAYER_CONV2D, 16, ends, 3, 1, border == BORDER_MODEL);
    build_with(m, LAYER_ADD, LAYER_INPUT);
    build_all_weights(m, 10);
    return m;
}

/* A model with its plan. */
struct engine {
    struct model *model;
    struct plan *plan;
};

static struct engine engine_of(struct model *m)
{
    struct engine x = {m, NULL};
    struct err e = ERR_INIT;
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    ck_assert_msg(plan_new(m, kernels_find(NULL), &x.plan, &e) == ERR_OK, "%s", e.text);
    return x;
}

static void engine_done(struct engine *x)
{
    plan_free(x->plan);
    model_free(x->model);
}

static struct image *random_image(int width, int height, int channels, int depth, uint64_t seed)
{
    struct image_format f = {width, height, channels, depth};
    struct image *img = NULL;
    ck_assert_int_eq(image_new(&f, &img, NULL), ERR_OK);
    size_t n = image_bytes(&f);
    for (size_t i = 0; i < n; i++)
        img->pixels[i] = (uint8_t)harness_random(&seed);
    return img;
}

static struct image *copy_image(const struct image *img)
{
    struct image *copy = NULL;
    ck_assert_int_eq(image_new(&img->format, &copy, NULL), ERR_OK);
    memcpy(copy->pixels, img->pixels, image_bytes(&img->format));
    return copy;
}

/* A sink that collects rows and checks that they fit. */
struct collected {
    uint8_t *bytes;
    size_t length, room;
};

static enum err_code collect(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                             struct err *e)
{
    struct collected *c = arg;
    (void)e;
    size_t n = row_bytes * (size_t)count;
    ck_assert_uint_le(c->length + n, c->room);
    memcpy(c->bytes + c->length, pixels, n);
    c->length += n;
    return ERR_OK;
}

struct how {
    enum model_border border;
    int width, height, depth, threads, band_rows;
    struct pair tile;
    bool restores;
};

/* Upscales a copy of `img`; the bytes of the output (free). */
static uint8_t *enlarge(const struct engine *x, const struct image *img, const struct how *how)
{
    struct image *work = copy_image(img);
    struct err e = ERR_INIT;
    struct upscale_params p = {.chain = chain_for(x->plan, &img->format, how->width, how->height),
                               .width = how->width,
                               .height = how->height,
                               .border = how->border,
                               .depth = how->depth,
                               .band_rows = how->band_rows,
                               .tile = how->tile,
                               .restores = how->restores,
                               .max_whole_bytes = 1 << 28};
    struct image_format out = {how->width, how->height, img->format.channels, how->depth};
    struct collected c = {malloc(image_bytes(&out)), 0, image_bytes(&out)};
    struct pool *pool = upscale_pool(x->plan, how->threads);
    enum err_code rc =
        upscale_run(pool, &p, work, &(struct upscale_hooks){.rows = collect, .rows_arg = &c}, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    ck_assert_uint_eq(c.length, c.room);
    pool_free(pool);
    image_free(work);
    return c.bytes;
}

/* The definition: extends the plane by `margin`, runs the layers on all of it, cuts the middle. */
static float *reference_stage(const struct model *m, enum model_border border, const float *in,
                              int width, int height)
{
    int align = m->geometry.align, margin = (m->geometry.halo / align + 2) * align;
    if (border == BORDER_MODEL)
        margin = 0;
    int w = (width + align - 1) / align * align + 2 * margin;
    int h = (height + align - 1) / align * align + 2 * margin;
    float *wide = calloc((size_t)w * (size_t)h, sizeof *wide);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int fy = border_map(border, y - margin, height);
            int fx = border_map(border, x - margin, width);
            if (fy != BORDER_NOTHING && fx != BORDER_NOTHING)
                wide[y * w + x] = in[fy * width + fx];
        }
    struct ran *r = run_model((struct model *)(uintptr_t)m, wide, w, h, 1);
    ck_assert_ptr_nonnull(r);
    int s = m->scale;
    float *out = malloc((size_t)(width * height * s * s) * sizeof *out);
    for (int y = 0; y < s * height; y++)
        for (int x = 0; x < s * width; x++) {
            int fy = y + s * margin - m->geometry.crop.y, fx = x + s * margin - m->geometry.crop.x;
            out[y * s * width + x] = r->data[fy * r->shape.width + fx];
        }
    ran_free(r);
    free(wide);
    return out;
}

static void check_against_reference(struct model *m, enum model_border border, int width,
                                    int height, int stages)
{
    struct engine x = engine_of(m);
    struct image *img = random_image(width, height, 1, 8, 99);
    float *plane = malloc((size_t)(width * height) * sizeof *plane);
    for (int y = 0; y < height; y++)
        color_load(&img->format, img->pixels + (size_t)y * img->row_bytes, width, 0,
                   plane + y * width);
    struct image_format f = {width, height, 1, 8};
    for (int k = 0; k < stages; k++) {
        float *next = reference_stage(m, border, plane, f.width, f.height);
        free(plane);
        plane = next;
        f.width *= m->scale;
        f.height *= m->scale;
    }
    uint8_t *want = malloc(image_bytes(&f));
    for (int y = 0; y < f.height; y++)
        color_store(&f, plane + y * f.width, f.width, 0, want + y * f.width);
    struct how how = {border, f.width, f.height, 8, 2, 0, {0, 0}, true};
    uint8_t *got = enlarge(&x, img, &how);
    ck_assert_int_eq(memcmp(got, want, image_bytes(&f)), 0);
    free(want);
    free(got);
    free(plane);
    image_free(img);
    engine_done(&x);
}

START_TEST(equals_the_network_run_on_the_whole_extended_picture)
{
    for (int b = BORDER_REPLICATE; b <= BORDER_ZERO; b++) {
        enum model_border border = (enum model_border)b;
        check_against_reference(small_model(COLOR_Y, border), border, 37, 29, 1);
        check_against_reference(small_model(COLOR_Y, border), border, 300, 3, 1);
        check_against_reference(small_model(COLOR_Y, border), border, 411, 333, 1);
        check_against_reference(small_model(COLOR_Y, border), border, 1, 1, 1);
        check_against_reference(small_model(COLOR_Y, border), border, 2, 150, 1);
        check_against_reference(pooling_model(), border, 26, 140, 1);
        check_against_reference(cells_model(border), border, 33, 141, 1);
        check_against_reference(cells_model(border), border, 1, 2, 1);
        check_against_reference(restoring_model(COLOR_Y, border), border, 333, 141, 1);
        check_against_reference(restoring_model(COLOR_Y, border), border, 1, 2, 1);
    }
    check_against_reference(padded_model(), BORDER_MODEL, 150, 33, 1);
    check_against_reference(cells_model(BORDER_MODEL), BORDER_MODEL, 151, 33, 1);
    check_against_reference(cells_model(BORDER_MODEL), BORDER_MODEL, 1, 3, 1);
    check_against_reference(whole_model(), BORDER_MODEL, 150, 33, 1);
}
END_TEST

START_TEST(larger_factors_repeat_the_network_in_float)
{
    for (int b = BORDER_REPLICATE; b <= BORDER_ZERO; b++) {
        enum model_border border = (enum model_border)b;
        check_against_reference(small_model(COLOR_Y, border), border, 37, 29, 2);
        check_against_reference(small_model(COLOR_Y, border), border, 20, 9, 3);
        check_against_reference(small_model(COLOR_Y, border), border, 1, 2, 3);
        check_against_reference(cells_model(border), border, 13, 31, 2);
    }
    check_against_reference(cells_model(BORDER_MODEL), BORDER_MODEL, 13, 31, 3);
    check_against_reference(padded_model(), BORDER_MODEL, 70, 33, 2);
    check_against_reference(whole_model(), BORDER_MODEL, 30, 33, 2);
}
END_TEST

/* One sample of the x2 plane brought down again, beyond whose edges the border is. */
static double brought_down(const float *plane, int width, int height, struct pair at)
{
    struct resample_axis *x, *y;
    double sum = 0;
    ck_assert_int_eq(resample_axis_new(RESAMPLE_BICUBIC, width, width / 2, &x, NULL), ERR_OK);
    ck_assert_int_eq(resample_axis_new(RESAMPLE_BICUBIC, height, height / 2, &y, NULL), ERR_OK);
    for (int j = 0; j < y->taps; j++)
        for (int i = 0; i < x->taps; i++)
            sum += (double)y->weight[at.y * y->taps + j] * (double)x->weight[at.x * x->taps + i] *
                   (double)plane[border_map(BORDER_REPLICATE, y->first[at.y] + j, height) * width +
                                 border_map(BORDER_REPLICATE, x->first[at.x] + i, width)];
    resample_axis_free(x);
    resample_axis_free(y);
    return sum;
}

START_TEST(a_factor_of_1_copies_or_brings_down_what_was_enlarged)
{
    enum { W = 61, H = 47 };
    struct engine x = engine_of(small_model(COLOR_Y, BORDER_REPLICATE));
    struct image *img = random_image(W, H, 1, 8, 3);
    float plane[W * H];
    for (int y = 0; y < H; y++)
        color_load(&img->format, img->pixels + (size_t)y * img->row_bytes, W, 0, plane + y * W);
    float *large = reference_stage(x.model, BORDER_REPLICATE, plane, W, H);
    struct how how = {BORDER_REPLICATE, W, H, 8, 2, 0, {0, 0}, false};
    uint8_t *got = enlarge(&x, img, &how);
    ck_assert_int_eq(memcmp(got, img->pixels, image_bytes(&img->format)), 0);
    free(got);
    how.restores = true;
    got = enlarge(&x, img, &how);
    for (int i = 0; i < W * H; i++) {
        double want = 255 * brought_down(large, 2 * W, 2 * H, (struct pair){i / W, i % W});
        want = want < 0 ? 0 : want > 255 ? 255 : want;
        ck_assert_msg(fabs(got[i] - want) < 0.51, "%d: %d, not %g", i, got[i], want);
    }
    free(got);
    free(large);
    image_free(img);
    engine_done(&x);
}
END_TEST

/* Every way to cut must give the bytes of the first. */
static void check_cuts(struct model *m, int channels, int depth, int width, int height,
                       double factor)
{
    struct engine x = engine_of(m);
    struct image *img = random_image(width, height, channels, depth, 1);
    struct how how = {m->border, (int)(width * factor), (int)(height * factor), depth, 1, 0, {0, 0},
                      true};
    struct image_format out = {how.width, how.height, channels, depth};
    uint8_t *first = enlarge(&x, img, &how);
    static const int rows[] = {1, 2, 7, 16, 33, 64, 1000, 50};
    uint64_t seed = (uint64_t)width;
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        how.threads = 1 + (int)k;
        how.band_rows = rows[k];
        how.tile = (struct pair){harness_between(&seed, 3, 100), harness_between(&seed, 3, 200)};
        uint8_t *again = enlarge(&x, img, &how);
        ck_assert_msg(memcmp(first, again, image_bytes(&out)) == 0,
                      "bands of %d rows, tiles of %d x %d, %d threads, %d channels, factor %g",
                      rows[k], how.tile.x, how.tile.y, how.threads, channels, factor);
        free(again);
    }
    free(first);
    image_free(img);
    engine_done(&x);
}

START_TEST(bytes_do_not_depend_on_bands_and_threads)
{
    static const double factors[] = {2, 3, 4, 1.37};
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++)
        for (int channels = 1; channels <= 4; channels++) {
            enum model_border border = (enum model_border)(channels - 1);
            check_cuts(small_model(COLOR_Y, border), channels, 8, 150, 41, factors[k]);
            check_cuts(small_model(COLOR_RGB, border), channels, 16, 81, 30, factors[k]);
        }
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++)
        check_cuts(tiled_model((enum model_border)k), 3, 16, 150, 61, factors[k]);
    check_cuts(padded_model(), 3, 8, 300, 20, 2);
    check_cuts(pooling_model(), 1, 8, 301, 33, 2);
    check_cuts(cells_model(BORDER_REFLECT), 4, 8, 301, 33, 2);
    check_cuts(cells_model(BORDER_MODEL), 3, 8, 301, 33, 2.5);
    check_cuts(restoring_model(COLOR_RGB, BORDER_WRAP), 4, 16, 301, 333, 1);
    check_cuts(restoring_model(COLOR_Y, BORDER_MODEL), 3, 8, 301, 333, 1);
    check_cuts(small_model(COLOR_Y, BORDER_ZERO), 3, 8, 301, 333, 1);
    check_cuts(whole_model(), 3, 8, 40, 33, 2);
    check_cuts(small_model(COLOR_Y, BORDER_REFLECT), 4, 8, 20, 15, 8);
}
END_TEST

/* A tile enlarged with `wrap` is what the middle of its 3x3 tiling becomes, in colour and at any
 * factor: nothing shows where copies meet. */
START_TEST(wrapped_tiles_join)
{
    static const double factors[] = {2, 3, 4, 1.5, 8};
    for (size_t k = 0; k < sizeof factors / sizeof *factors; k++)
        for (int color = COLOR_Y; color <= COLOR_RGB; color++) {
            enum { W = 48, H = 40 };
            struct engine x = engine_of(small_model((enum model_color)color, BORDER_REPLICATE));
            struct image *one = random_image(W, H, 4, 8, 7),
                         *nine = random_image(3 * W, 3 * H, 4, 8, 7);
            for (int y = 0; y < 3 * H; y++)
                for (int i = 0; i < 3; i++)
                    memcpy(nine->pixels + (size_t)y * nine->row_bytes + (size_t)i * one->row_bytes,
                           one->pixels + (size_t)(y % H) * one->row_bytes, one->row_bytes);
            int w = (int)(W * factors[k]), h = (int)(H * factors[k]);
            struct how how = {BORDER_WRAP, w, h, 8, 2, 0, {0, 0}, false};
            struct how large = {BORDER_REPLICATE, 3 * w, 3 * h, 8, 2, 0, {0, 0}, false};
            uint8_t *a = enlarge(&x, one, &how), *b = enlarge(&x, nine, &large);
            for (int y = 0; y < h; y++)
                for (int i = 0; i < 4 * w; i++)
                    ck_assert_int_le(abs(a[y * 4 * w + i] - b[(h + y) * 12 * w + 4 * w + i]), 1);
            free(a);
            free(b);
            image_free(one);
            image_free(nine);
            engine_done(&x);
        }
}
END_TEST

/* A side may grow eight times beside one that hardly does: then a tile is made from far more than
 * itself. tile_run checks its memory; this only has to come through. */
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

/* A red square on transparent black: nothing black may shine through at its border. */
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
        int width, height, out_width, out_height; /* 0: refused */
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

/* Cancels itself after the second band. */
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
    w = (struct watched){false, 2, 0}; /* does not cancel again */
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
        img->pixels[3] = 0; /* so that colours bleed, which takes memory too */
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
    Suite *s = suite_create("upscale");
    TCase *c = tcase_create("upscale");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, equals_the_network_run_on_the_whole_extended_picture);
    tcase_add_test(c, a_factor_of_1_copies_or_brings_down_what_was_enlarged);
    tcase_add_test(c, larger_factors_repeat_the_network_in_float);
    tcase_add_test(c, bytes_do_not_depend_on_bands_and_threads);
    tcase_add_test(c, wrapped_tiles_join);
    tcase_add_test(c, sides_may_grow_by_different_factors);
    tcase_add_test(c, gray_stored_as_rgb_gives_the_same);
    tcase_add_test(c, alpha_goes_through_the_network_as_gray_does);
    tcase_add_test(c, hidden_colour_does_not_fringe);
    tcase_add_test(c, factor_one_copies_and_changes_depth_exactly);
    tcase_add_test(c, output_sizes_are_as_documented);
    tcase_add_test(c, cancel_ends_it_within_one_band);
    tcase_add_test(c, failed_allocations_are_told_and_leak_nothing);
    suite_add_tcase(s, c);
    return harness_run(s);
}
