/* test_upscale.c - compares whole pictures with the network run on the whole extended picture at
 * once. The bytes are the same however the work is divided. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/image/color.h"
#include "engine/image/resample.h"
#include "engine/tiles/border.h"
#include "engine/upscale.h"
#include "tests/lib/enlarge.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_nets.h"
#include "tests/lib/nn_run.h"

/* Makes small_model with layers that use Winograd tiles. */
static struct model *tiled_model(enum model_border border)
{
    struct model *m = build_model(COLOR_Y, 2, border);
    build_conv(m, LAYER_CONV2D, 1, 16, 3, 1, 0);
    build_prelu(m, 16);
    for (int k = 0; k < 3; k++)
        build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, 0);
    build_with(m, LAYER_ADD, 1);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 16, 1, 6, 2, 4);
    build_visible_weights(m, 8, 0.5f);
    return m;
}

static struct model *padded_model(void)
{
    struct model *m = net_padded(false);
    build_visible_weights(m, 6, 0.5f);
    return m;
}

static struct model *whole_model(void)
{
    struct model *m = net_padded(true);
    build_visible_weights(m, 6, 0.5f);
    return m;
}

static struct model *pooling_model(void)
{
    struct model *m = net_pooling();
    build_visible_weights(m, 7, 0.5f);
    return m;
}

/* Makes a network like RRDBNet for a factor of 2: cells of two pixels become channels, and are
 * enlarged twice. */
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
    build_visible_weights(m, 9, 0.5f);
    return m;
}

/* Makes a network of scale 1, with which the picture keeps its size. */
static struct model *restoring_model(enum model_color color, enum model_border border)
{
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, 1, border);
    build_conv(m, LAYER_CONV2D, ends, 16, 3, 1, border == BORDER_MODEL);
    build_prelu(m, 16);
    build_conv(m, LAYER_CONV2D, 16, 16, 3, 1, border == BORDER_MODEL);
    build_conv(m, LAYER_CONV2D, 16, ends, 3, 1, border == BORDER_MODEL);
    build_with(m, LAYER_ADD, LAYER_INPUT);
    build_visible_weights(m, 10, 0);
    return m;
}

/* Computes by the definition: extends the plane by `margin`, runs the layers on all of it, and
 * takes the middle. */
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

/* Checks a sample of 8 bits. The reference adds in another order than the kernels: its last bits
 * differ, which is less than a hundredth of a level. */
static void check_level(uint8_t got, float want)
{
    double level = 255.0 * fmin(fmax((double)want, 0), 1);
    ck_assert_msg(fabs(got - level) <= 0.51, "%d instead of %.3f", got, level);
}

/* Checks that the output for `img` shows what was in it, so that a comparison can fail. */
static void check_shows(const struct engine *x, const struct how *how, const struct image *img,
                        const uint8_t *got)
{
    const struct image_format *f = &img->format;
    struct image *other = random_image(f->width, f->height, f->channels, f->depth, 100);
    uint8_t *differs = enlarge(x, other, how);
    check_visible(got, differs, (size_t)how->width * (size_t)how->height);
    free(differs);
    image_free(other);
}

/* Returns the samples of a gray picture, with `margin` of what lies beyond its edges. */
static float *plane_of(const struct image *img, enum model_border border, int margin)
{
    int width = img->format.width, height = img->format.height, w = width + 2 * margin;
    float *inside = malloc((size_t)width * sizeof *inside);
    float *plane = malloc((size_t)w * (size_t)(height + 2 * margin) * sizeof *plane);
    for (int y = -margin; y < height + margin; y++) {
        size_t from = (size_t)border_map(border, y, height) * img->row_bytes;
        color_load(&img->format, img->pixels + from, width, 0, inside);
        for (int x = -margin; x < width + margin; x++)
            plane[(y + margin) * w + x + margin] = inside[border_map(border, x, width)];
    }
    free(inside);
    return plane;
}

/* A wrapped picture has no edge: the networks run on the picture repeated without end. The others
 * continue beyond the edges of each stage. */
static void check_against_reference(struct model *m, enum model_border border, int width,
                                    int height, int stages)
{
    struct engine x = engine_of(m);
    struct image *img = random_image(width, height, 1, 8, 99);
    int margin = border == BORDER_WRAP ? 32 * m->geometry.align : 0;
    float *plane = plane_of(img, border, margin);
    int w = width + 2 * margin, h = height + 2 * margin, factor = 1;
    for (int k = 0; k < stages; k++, factor *= m->scale) {
        float *next = reference_stage(m, border == BORDER_WRAP ? BORDER_ZERO : border, plane,
                                      w * factor, h * factor);
        free(plane);
        plane = next;
    }
    struct how how = {border, width * factor, height * factor, 8, 2, 0, {0, 0}, true};
    uint8_t *got = enlarge(&x, img, &how);
    for (int row = 0; row < how.height; row++)
        for (int i = 0; i < how.width; i++)
            check_level(got[row * how.width + i],
                        plane[(row + margin * factor) * w * factor + i + margin * factor]);
    if (how.width * how.height >= 1000)
        check_shows(&x, &how, img, got);
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

/* Computes one sample of the x2 plane when it is reduced. The border determines what lies beyond
 * its edges. */
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

/* Checks that every way to divide the picture gives the same bytes as the first. */
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

/* With `wrap`, an enlarged tile equals the middle of its enlarged 3x3 tiling, in colour and at any
 * factor: no seam shows where copies meet. */
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
    suite_add_tcase(s, c);
    return harness_run(s);
}
