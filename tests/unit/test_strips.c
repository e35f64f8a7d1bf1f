/* test_strips.c - strips give the same bytes as tiles, whatever the number of strips, bands,
 * threads and kernels; deep networks choose strips, which threads share. */
#include "engine/tiles/strips.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/upscale.h"
#include "tests/lib/enlarge.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/upscale_pool.h"

enum { CUTS = 12 };

enum { SHUFFLED = 0 };

/* Makes a network of `depth` convolutions of 3x3, and then a transposed convolution of that kernel
 * and of stride 2, or SHUFFLED: a shuffle by `scale`. */
static struct model *network(enum model_color color, enum model_border border, int scale,
                             int channels, int depth, int kernel)
{
    int ends = color == COLOR_Y ? 1 : 3, padding = border == BORDER_MODEL;
    struct model *m = build_model(color, scale, border);
    for (int k = 0; k < depth; k++) {
        build_conv(m, LAYER_CONV2D, k ? channels : ends, channels, 3, 1, padding);
        build_prelu(m, channels);
    }
    if (kernel != SHUFFLED) {
        struct layer *l = build_conv(m, LAYER_CONV_TRANSPOSE2D, channels, ends, kernel, 2, 4);
        l->conv.output_padding = (struct pair){kernel % 2, kernel % 2};
    } else {
        build_conv(m, LAYER_CONV2D, channels, ends * scale * scale, 3, 1, padding);
        build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = scale;
    }
    build_visible_weights(m, 5, 0.5f);
    struct err e = ERR_INIT;
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

struct cut {
    int strips, band_rows, threads;
    struct pair tile;
    uint64_t seed; /* of the picture; 0: the usual one */
};

/* Upscales a picture of that format. Returns the bytes of the output, which the caller frees with
 * free(). */
static uint8_t *enlarge_cut(const struct plan *plan, const struct image_format *in,
                            const struct cut *cut, size_t *length)
{
    const struct model *m = plan_model(plan);
    struct image *img =
        random_image(in->width, in->height, in->channels, in->depth, cut->seed ? cut->seed : 42);
    struct err e = ERR_INIT;
    struct upscale_params p = {.chain = chain_repeated(plan, 1),
                               .width = in->width * m->scale,
                               .height = in->height * m->scale,
                               .border = m->border,
                               .depth = in->depth,
                               .band_rows = cut->band_rows,
                               .strips = cut->strips,
                               .tile = cut->tile};
    struct image_format out = {p.width, p.height, in->channels, in->depth};
    struct collected c = {malloc(image_bytes(&out)), 0, image_bytes(&out)};
    struct pool *pool = upscale_pool(plan, cut->threads);
    struct upscale_need need;
    struct upscale_hooks hooks = {.rows = collect_rows, .rows_arg = &c};
    ck_assert_int_eq(upscale_memory(pool, &p, &img->format, &need, &e), ERR_OK);
    mem_count();
    enum err_code rc = upscale_run(pool, &p, img, &hooks, &e);
    ck_assert_uint_le(mem_count_most(), need.bytes);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    ck_assert_uint_eq(c.length, image_bytes(&out));
    *length = c.length;
    pool_free(pool);
    image_free(img);
    return c.bytes;
}

static const struct network_case {
    enum model_color color;
    enum model_border border;
    int scale, channels, depth, kernel;
} networks[] = {
    {COLOR_Y, BORDER_REPLICATE, 2, 16, 4, 6},
    {COLOR_RGB, BORDER_REFLECT, 2, 12, 3, 6},
    {COLOR_RGB, BORDER_MODEL, 3, 20, 5, SHUFFLED},
    {COLOR_Y, BORDER_MODEL, 4, 16, 6, SHUFFLED},
    {COLOR_RGB, BORDER_REPLICATE, 3, 4, 2, SHUFFLED},
    {COLOR_Y, BORDER_WRAP, 2, 64, 3, 6},
    {COLOR_Y, BORDER_MODEL, 2, 24, 2, 9},
    {COLOR_RGB, BORDER_REPLICATE, 2, 12, 3, 9},
};

static const struct image_format formats[] = {
    {150, 61, 1, 8}, {133, 70, 3, 8}, {90, 57, 4, 8}, {70, 41, 2, 16}, {64, 90, 3, 16}};

static void try_cuts(const struct plan *plan, const struct image_format *in, uint64_t *seed,
                     const uint8_t *want, size_t length)
{
    for (int k = 0; k < CUTS; k++) {
        struct cut cut = {1 + (int)(harness_random(seed) % 7),
                          (int)(harness_random(seed) % 3) * (int)(harness_random(seed) % 40),
                          1 + (int)(harness_random(seed) % 8),
                          {0, 0},
                          0};
        if (k % 4 == 3) {
            cut.strips = -1;
            cut.tile = (struct pair){16 + (int)(harness_random(seed) % 90),
                                     16 + (int)(harness_random(seed) % 90)};
        }
        size_t count;
        uint8_t *got = enlarge_cut(plan, in, &cut, &count);
        ck_assert_uint_eq(count, length);
        ck_assert_msg(memcmp(got, want, length) == 0,
                      "%d strips, bands of %d rows, %d threads, tiles of %d x %d", cut.strips,
                      cut.band_rows, cut.threads, cut.tile.x, cut.tile.y);
        free(got);
    }
}

START_TEST(strips_give_the_bytes_of_tiles)
{
    const struct network_case *n = &networks[_i];
    struct model *m = network(n->color, n->border, n->scale, n->channels, n->depth, n->kernel);
    uint64_t seed = 1000 + (uint64_t)_i;
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        uint8_t *fused = NULL;
        const struct kernels *set;
        for (int k = 0; (set = kernels_at(k)) != NULL; k++) {
            struct plan *plan = NULL;
            size_t length;
            ck_assert_int_eq(plan_new(m, set, &plan, NULL), ERR_OK);
            uint8_t *want =
                enlarge_cut(plan, &formats[f], &(struct cut){-1, 0, 2, {0, 0}, 0}, &length);
            ck_assert(!set->fused || !fused || memcmp(fused, want, length) == 0);
            uint8_t *other =
                enlarge_cut(plan, &formats[f], &(struct cut){-1, 0, 2, {0, 0}, 7}, &length);
            check_visible(want, other, length);
            free(other);
            try_cuts(plan, &formats[f], &seed, want, length);
            if (set->fused && !fused)
                fused = want;
            else
                free(want);
            plan_free(plan);
        }
        free(fused);
    }
    model_free(m);
}
END_TEST

static int chosen(struct model *m, int width, int height, int threads)
{
    struct plan *plan = NULL;
    struct strips strips;
    struct image img = {.format = {width, height, 3, 8}};
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    struct tile_job job = {.chain = chain_repeated(plan, 1), .img = &img};
    job.out = (struct image_format){width * m->scale, height * m->scale, 3, 8};
    struct pair out = {job.out.height, job.out.width}, tile = plan_tile(plan);
    struct bands_wish wish = {.out = out, .most = tile, .threads = threads, .multiple = 64};
    struct bands bands = bands_choose(&wish);
    ck_assert_int_eq(strips_choose(&job, &wish, &bands, &strips, NULL), ERR_OK);
    plan_free(plan);
    model_free(m);
    return strips.count;
}

/* Threads share strips, because narrow ones would compute mostly halos. */
START_TEST(deep_networks_run_in_strips)
{
    for (int threads = 1; threads <= 16; threads *= 4) {
        int most = threads < 4 ? 1 : threads / 2;
        int deep = chosen(network(COLOR_RGB, BORDER_REPLICATE, 2, 64, 32, 6), 480, 270, threads);
        int shuffled =
            chosen(network(COLOR_RGB, BORDER_MODEL, 4, 64, 18, SHUFFLED), 480, 270, threads);
        int large = chosen(network(COLOR_RGB, BORDER_REPLICATE, 2, 64, 32, 6), 1920, 1080, threads);
        ck_assert_int_ge(deep, 1);
        ck_assert_int_le(deep, most);
        ck_assert_int_ge(shuffled, 1);
        ck_assert_int_le(shuffled, most);
        ck_assert_int_ge(large, 1);
        ck_assert_int_le(large, 2 * threads);
    }
}
END_TEST

/* Returns the memory of a strip of 64 channels in which so many rounds run at a time. */
static size_t strip_bytes(int layers, int width, int depth)
{
    struct model *m = network(COLOR_RGB, BORDER_REPLICATE, 2, 64, layers, 6);
    struct plan *plan = NULL;
    size_t bytes = 0;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    ck_assert_int_eq(plan_strip_bytes(plan, width, depth, &bytes, NULL), ERR_OK);
    plan_free(plan);
    model_free(m);
    return bytes;
}

/* Between rounds a layer keeps the two rows that the next one reads again, and up to four more,
 * because rows are made six at a time. What a round makes beside them is of two layers, whatever
 * their number. */
START_TEST(a_layer_more_keeps_a_few_rows_more)
{
    const int width = 960, more = 16;
    size_t row = (size_t)(width / 2 + 2 * 40) * 64 * sizeof(float); /* halos of up to 40 */
    ck_assert_uint_le(strip_bytes(16 + more, width, 1) - strip_bytes(16, width, 1),
                      (size_t)(more * 6) * row + 16 * 1024 * (size_t)more);
}
END_TEST

/* A further round holds what it reads and makes in one layer, and a margin for planes at the
 * ends, whatever the number of layers. */
START_TEST(a_round_more_takes_a_few_rows_more)
{
    const int width = 960;
    size_t row = (size_t)(width / 2 + 2 * 40) * 64 * sizeof(float);
    for (int layers = 16; layers <= 32; layers += 16)
        for (int depth = 1; depth < 4; depth++)
            ck_assert_uint_le(strip_bytes(layers, width, depth + 1) -
                                  strip_bytes(layers, width, depth),
                              24 * row + 16 * 1024 * (size_t)layers);
}
END_TEST

/* Measures the memory for the largest of common pictures with the deepest of common networks. */
START_TEST(deep_networks_take_bounded_memory)
{
    struct model *m = network(COLOR_RGB, BORDER_MODEL, 2, 64, 33, SHUFFLED);
    struct plan *plan = NULL;
    struct upscale_need need;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    struct pool *pool = upscale_pool(plan, 2);
    struct image_format in = {1920, 1080, 3, 8};
    struct upscale_params p = {.chain = chain_repeated(plan, 1),
                               .width = 3840,
                               .height = 2160,
                               .border = BORDER_MODEL,
                               .depth = 8};
    ck_assert_int_eq(upscale_memory(pool, &p, &in, &need, NULL), ERR_OK);
    ck_assert_uint_le(need.bytes + pool_scratch_bytes(pool), (size_t)400 << 20);
    pool_free(pool);
    plan_free(plan);
    model_free(m);
}
END_TEST

START_TEST(shallow_networks_run_in_tiles)
{
    ck_assert_int_eq(chosen(network(COLOR_Y, BORDER_REPLICATE, 2, 16, 6, 6), 1920, 1080, 2), 0);
    ck_assert_int_eq(chosen(network(COLOR_Y, BORDER_REPLICATE, 2, 16, 6, 6), 256, 256, 2), 0);
    /* the memory of a strip would cost more than the halos that it saves */
    ck_assert_int_eq(chosen(network(COLOR_Y, BORDER_REPLICATE, 2, 16, 6, 6), 400, 300, 2), 0);
    ck_assert_int_eq(chosen(network(COLOR_Y, BORDER_REPLICATE, 2, 16, 6, 6), 400, 300, 1), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("strips");
    TCase *c = tcase_create("strips");
    tcase_add_loop_test(c, strips_give_the_bytes_of_tiles, 0,
                        (int)(sizeof networks / sizeof *networks));
    tcase_add_test(c, deep_networks_run_in_strips);
    tcase_add_test(c, a_layer_more_keeps_a_few_rows_more);
    tcase_add_test(c, a_round_more_takes_a_few_rows_more);
    tcase_add_test(c, deep_networks_take_bounded_memory);
    tcase_add_test(c, shallow_networks_run_in_tiles);
    suite_add_tcase(s, c);
    return harness_run(s);
}
