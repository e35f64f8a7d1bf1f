/* test_transcode_memory.c - compares the upper bound of the memory of a request with the memory
 * that it uses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/transcode.h"
#include "engine/transcode_memory.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/png_build.h"

static struct model *small_model(enum model_color color, bool whole)
{
    struct err e = ERR_INIT;
    int ends = color == COLOR_Y ? 1 : 3;
    struct model *m = build_model(color, 2, whole ? BORDER_MODEL : BORDER_REPLICATE);
    build_conv(m, LAYER_CONV2D, ends, 4, 3, 1, whole ? 1 : 0);
    if (whole)
        m->layers[0].conv.padding_mode = PADDING_CIRCULAR;
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 4, ends, whole ? 4 : 6, 2, whole ? 1 : 4);
    build_visible_weights(m, 3, 0.5f);
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Makes a model with so many layers that pictures are divided into strips, whose memory belongs to
 * the picture. */
static struct model *deep_model(void)
{
    struct err e = ERR_INIT;
    struct model *m = build_model(COLOR_RGB, 2, BORDER_MODEL);
    for (int k = 0; k < 24; k++)
        build_conv(m, LAYER_CONV2D, k ? 16 : 3, 16, 3, 1, 1);
    build_conv(m, LAYER_CONV2D, 16, 12, 3, 1, 1);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    build_visible_weights(m, 3, 0.5f);
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* One request, whose allocations are counted. */
struct trial {
    struct pool *pool;
    struct transcode_params params;
    struct bytes file;
    struct transcode_memory all, head; /* computed from the whole file, and from its first bytes */
    size_t most;
    size_t answer;
    enum err_code rc;
};

static void estimate(struct trial *t)
{
    struct err e = ERR_INIT;
    enum err_code rc = transcode_memory(
        t->pool, &t->params, &(struct png_prefix){t->file.data, t->file.length, t->file.length},
        &t->all, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    rc = transcode_memory(t->pool, &t->params,
                          &(struct png_prefix){t->file.data, PNG_HEAD_BYTES, t->file.length},
                          &t->head, &e);
    ck_assert_int_eq(rc, ERR_OK);
}

static void run(struct trial *t)
{
    struct buf in, out;
    struct err e = ERR_INIT;
    struct transcode_report report;
    size_t scratch;
    /* reserve the scratch first, because the blocks that workers replace would count as given
     * back */
    ck_assert_int_eq(upscale_scratch_bytes(&t->params.set, &scratch, NULL), ERR_OK);
    scratch = scratch > t->all.scratch ? scratch : t->all.scratch;
    ck_assert_int_eq(pool_reserve(t->pool, scratch, NULL), ERR_OK);
    buf_init(&in, t->file.length);
    buf_init(&out, t->params.max_output_bytes);
    mem_count();
    ck_assert_int_eq(buf_reserve(&in, t->file.length, NULL), ERR_OK);
    ck_assert_int_eq(buf_append(&in, t->file.data, t->file.length, NULL), ERR_OK);
    t->rc = transcode_run(&(struct transcode_call){.pool = t->pool, .params = &t->params}, &in,
                          &out, &report, &e);
    t->most = mem_count_most();
    t->answer = out.length;
    buf_done(&in);
    buf_done(&out);
}

static void check(const struct trial *t, const char *what)
{
    ck_assert_int_eq(t->rc, ERR_OK);
    ck_assert_uint_le(t->answer, t->all.answer);
    ck_assert_uint_le(t->all.peak, t->head.peak);
    ck_assert_msg(t->most <= t->all.peak, "%s: took %zu, said %zu", what, t->most, t->all.peak);
    /* an upper bound that is far too high is useless, too */
    ck_assert_msg(t->all.peak <= t->most + t->most / 2 + (3 << 20), "%s: took %zu, said %zu", what,
                  t->most, t->all.peak);
}

static const struct kind {
    int color_type, bit_depth;
    bool interlaced, transparent;
} kinds[] = {
    {0, 1, false, false},  {0, 8, false, false}, {0, 8, false, true},  {0, 16, true, false},
    {2, 8, false, false},  {2, 8, true, true},   {2, 16, false, true}, {3, 4, false, false},
    {3, 8, false, true},   {4, 8, false, false}, {4, 16, true, false}, {6, 8, false, false},
    {6, 16, false, false},
};

static const struct {
    int width, height;
} sizes[] = {{1, 1}, {300, 200}, {2000, 30}, {40, 1500}};

static const double scales[] = {1, 2, 2.7, 8, 1 /* 1 runs the network */};

/* Makes a file of random colours, so that nothing can be compressed. */
static void make_file(struct trial *t, const struct kind *k, int width, int height, uint64_t *seed)
{
    struct png_build p;
    struct bytes text = {0};
    uint8_t words[5000] = "Comment";
    struct png_head h = {width, height, k->bit_depth, k->color_type, k->interlaced};
    t->file = (struct bytes){0};
    png_build_random(&p, h, k->transparent, seed);
    png_build_chunk(&text, "tEXt", words, sizeof words);
    png_build_file(&p, seed, &text, NULL, &text, &t->file);
    bytes_done(&text);
    png_build_done(&p);
}

/* Tries all kinds of requests with a model, and frees it. */
static void try_all(struct model *m, int threads, const struct kind *k)
{
    uint64_t seed = 7;
    struct trial t = {.params = {.border = -1,
                                 .limits = png_default_limits,
                                 .max_output_pixels = 1 << 28,
                                 .max_output_bytes = (size_t)1 << 30,
                                 .max_whole_bytes = (size_t)1 << 30}};
    struct plan *plan = NULL;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    t.params.set = chain_set_of(plan);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        make_file(&t, k, sizes[s].width, sizes[s].height, &seed);
        for (size_t f = 0; f < sizeof scales / sizeof *scales; f++) {
            char what[100];
            snprintf(what, sizeof what, "type %d depth %d, %d x %d x %g", k->color_type,
                     k->bit_depth, sizes[s].width, sizes[s].height, scales[f]);
            if (scales[f] == 8 && s > 0)
                continue;
            t.params.size.scale = scales[f];
            t.params.compression = threads == 1 && f == 1 ? 7 : 6; /* 7 is zlib's, and slow */
            t.params.depth = f == 2 ? 16 : 0;
            t.params.restores = f == 4;
            ck_assert_int_eq(pool_new(threads, &t.pool, NULL), ERR_OK);
            estimate(&t);
            run(&t);
            check(&t, what);
            pool_free(t.pool);
        }
        bytes_done(&t.file);
    }
    plan_free(plan);
    model_free(m);
}

START_TEST(no_request_takes_more_than_was_said)
{
    try_all(small_model(COLOR_Y, false), 2, &kinds[_i]);
}
END_TEST

START_TEST(nor_with_other_models_and_threads)
{
    try_all(small_model(COLOR_RGB, false), 5, &kinds[_i]);
    try_all(small_model(COLOR_Y, true), 1, &kinds[_i]);
}
END_TEST

START_TEST(nor_with_deep_networks)
{
    static const struct kind some[] = {{2, 8, false, false}, {6, 16, false, false}};
    try_all(deep_model(), _i + 2, &some[_i]);
}
END_TEST

START_TEST(nor_where_the_answer_is_larger_than_it_may_be)
{
    uint64_t seed = 3;
    struct model *m = small_model(COLOR_Y, false);
    struct plan *plan = NULL;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    struct trial t = {.params = {.set = chain_set_of(plan),
                                 .size.scale = 2,
                                 .border = -1,
                                 .compression = 6,
                                 .limits = png_default_limits,
                                 .max_output_pixels = 1 << 28,
                                 .max_output_bytes = 50000}};
    make_file(&t, &kinds[4], 300, 200, &seed);
    ck_assert_int_eq(pool_new(2, &t.pool, NULL), ERR_OK);
    estimate(&t);
    run(&t);
    ck_assert_int_eq(t.rc, ERR_OUTPUT_TOO_LARGE);
    ck_assert_uint_eq(t.all.answer, 50000);
    ck_assert_uint_le(t.most, t.all.peak);
    pool_free(t.pool);
    bytes_done(&t.file);
    plan_free(plan);
    model_free(m);
}
END_TEST

/* Tries random requests: sides, factors, kinds of files, models, compression, threads. */
START_TEST(random_requests_take_what_was_said_and_half_of_it_at_least)
{
    uint64_t seed = harness_seed(4) + (uint64_t)_i;
    enum model_color color = _i % 2 ? COLOR_RGB : COLOR_Y;
    struct model *m = small_model(color, _i == 0);
    struct plan *plan = NULL;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &plan, NULL), ERR_OK);
    for (int i = 0; i < 15; i++) {
        const struct kind *k = &kinds[harness_between(&seed, 0, sizeof kinds / sizeof *kinds - 1)];
        int width = harness_between(&seed, 1, i % 5 ? 300 : 900);
        int height = harness_between(&seed, 1, i % 5 ? 300 : 900);
        struct trial t = {.params = {.set = chain_set_of(plan),
                                     .size.scale = harness_between(&seed, 4, 12) / 4.,
                                     .border = -1,
                                     .depth = harness_between(&seed, 0, 2) * 8,
                                     .compression = harness_between(&seed, 0, 9),
                                     .limits = png_default_limits,
                                     .max_output_pixels = 1 << 28,
                                     .max_output_bytes = (size_t)1 << 30,
                                     .max_whole_bytes = (size_t)1 << 30}};
        make_file(&t, k, width, height, &seed);
        ck_assert_int_eq(pool_new(harness_between(&seed, 1, 6), &t.pool, NULL), ERR_OK);
        estimate(&t);
        run(&t);
        ck_assert_int_eq(t.rc, ERR_OK);
        ck_assert_msg(t.most <= t.all.peak && (t.most < 1 << 20 || t.all.peak <= 2 * t.most),
                      "%d: type %d depth %d, %dx%d x %g, to %d bits, compression %d, %d threads: "
                      "took %zu, said %zu",
                      i, k->color_type, k->bit_depth, width, height, t.params.size.scale,
                      t.params.depth, t.params.compression, pool_threads(t.pool), t.most,
                      t.all.peak);
        pool_free(t.pool);
        bytes_done(&t.file);
    }
    plan_free(plan);
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("transcode_memory");
    TCase *c = tcase_create("transcode_memory");
    int n = sizeof kinds / sizeof *kinds;
    tcase_add_loop_test(c, no_request_takes_more_than_was_said, 0, n);
    tcase_add_loop_test(c, nor_with_other_models_and_threads, 0, n);
    tcase_add_loop_test(c, nor_with_deep_networks, 0, 2);
    tcase_add_test(c, nor_where_the_answer_is_larger_than_it_may_be);
    tcase_add_loop_test(c, random_requests_take_what_was_said_and_half_of_it_at_least, 0, 6);
    suite_add_tcase(s, c);
    return harness_run(s);
}
