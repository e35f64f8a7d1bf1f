/* test_layerwise.c - the output of a layerwise run is that of its layers, whatever the window;
 * memory is reused and given back. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/layerwise.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_nets.h"
#include "tests/lib/nn_run.h"

/* Returns a finished random model, from the first seed at or after *seed that makes one. *seed
 * moves past it. */
static struct model *next_model(uint64_t *seed)
{
    for (;;) {
        struct err e = ERR_INIT;
        struct model *m = net_random((*seed)++);
        if (model_finish(m, &model_default_limits, &e) == ERR_OK)
            return m;
        ck_assert_msg(e.code == ERR_MODEL || e.code == ERR_MODEL_LIMIT, "%s", e.text);
        model_free(m);
    }
}

static struct layerwise *layerwise_of(const struct model *m)
{
    struct err e = ERR_INIT;
    struct layerwise *p = NULL;
    ck_assert_msg(layerwise_new(m, &p, &e) == ERR_OK, "%s", e.text);
    return p;
}

static int aligned(const struct model *m, int n)
{
    int align = m->geometry.align, least = m->geometry.least;
    n = (n + align - 1) / align * align;
    return n > least ? n : least;
}

static float *run(const struct model *m, const struct layerwise *p, const float *in, int width,
                  int height, struct plan_rect keep)
{
    struct err e = ERR_INIT;
    size_t bytes, channels = (size_t)m->geometry.out_channels;
    ck_assert_int_eq(layerwise_scratch_bytes(p, width, height, &bytes, &e), ERR_OK);
    char *scratch = mem_alloc(1, bytes);
    memset(scratch, 0xff, bytes); /* a sample that is read before it is written is NaN */
    float *out = mem_alloc((size_t)keep.width * (size_t)keep.height * channels, sizeof *out);
    struct layerwise_window w = {
        .in = in, .width = width, .height = height, .keep = keep, .out = out};
    w.out_stride = (size_t)keep.width * channels;
    layerwise_run(p, scratch, &w);
    mem_free(scratch);
    return out;
}

/* Copies the part of a picture that a window covers. */
static float *cut(const float *picture, int width, int channels, struct plan_rect r)
{
    float *part = mem_alloc((size_t)(r.width * r.height * channels), sizeof *part);
    for (int y = 0; y < r.height; y++)
        memcpy(part + y * r.width * channels, picture + ((r.y + y) * width + r.x) * channels,
               (size_t)(r.width * channels) * sizeof *part);
    return part;
}

/* Compares all that a window of width x height makes with layers run one by one. */
static void equals_layers(struct model *m, int width, int height, uint64_t seed)
{
    struct model_geometry *g = &m->geometry;
    struct layerwise *p = layerwise_of(m);
    float *in = build_samples((size_t)(width * height * g->in_channels), &seed);
    struct ran *want = run_model(m, in, width, height, g->in_channels);
    ck_assert_ptr_nonnull(want);
    struct plan_rect all = {g->crop.x, g->crop.y, want->shape.width, want->shape.height};
    float *got = run(m, p, in, width, height, all);
    size_t samples = (size_t)all.width * (size_t)all.height * (size_t)g->out_channels;
    ck_assert_int_eq(memcmp(got, want->data, samples * sizeof *got), 0);
    mem_free(got);
    ran_free(want);
    mem_free(in);
    layerwise_free(p);
}

START_TEST(equals_its_layers)
{
    uint64_t seed = 1;
    for (int k = 0; k < 200; k++) {
        struct model *m = next_model(&seed);
        equals_layers(m, aligned(m, 9), aligned(m, 13), seed);
        model_free(m);
    }
}
END_TEST

START_TEST(known_networks_equal_their_layers)
{
    for (int k = 0; k < net_count; k++) {
        if (strcmp(nets[k].name, "wide") == 0)
            continue;
        struct err e = ERR_INIT;
        struct model *m = net_new(&nets[k], BORDER_REPLICATE, 5);
        ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
        equals_layers(m, aligned(m, 18), aligned(m, 16), 7);
        model_free(m);
    }
}
END_TEST

/* Computes one interior area from the window that just holds its halo, and from a large one. */
static void same_in_any_window(const struct model *m, uint64_t seed)
{
    const struct model_geometry *g = &m->geometry;
    struct layerwise *p = layerwise_of(m);
    int halo = (g->halo + g->align - 1) / g->align * g->align, least = aligned(m, 1);
    int area = aligned(m, harness_between(&seed, 1, 12)), side = 2 * halo + area;
    int large = side + 4 * g->align + least;
    float *picture = build_samples((size_t)large * (size_t)large, &seed);
    struct plan_rect scaled = {2 * halo, 2 * halo, 2 * (large - 2 * halo), 2 * (large - 2 * halo)};
    float *want = run(m, p, picture, large, large, scaled);
    for (int k = 0; k < 4; k++) {
        int steps = (large - side) / g->align;
        struct plan_rect window = {harness_between(&seed, 0, steps) * g->align,
                                   harness_between(&seed, 0, steps) * g->align, side, side};
        struct plan_rect keep = {2 * halo, 2 * halo, 2 * area, 2 * area};
        float *part = cut(picture, large, 1, window);
        float *got = run(m, p, part, side, side, keep);
        struct plan_rect there = {2 * window.x, 2 * window.y, 2 * area, 2 * area};
        float *expected = cut(want, scaled.width, 1, there);
        ck_assert_int_eq(memcmp(got, expected, (size_t)(keep.width * keep.height) * sizeof *got),
                         0);
        mem_free(expected);
        mem_free(got);
        mem_free(part);
    }
    mem_free(want);
    mem_free(picture);
    layerwise_free(p);
}

START_TEST(output_does_not_depend_on_the_window)
{
    uint64_t seed = 100000;
    int pooled = 0;
    for (int k = 0; k < 250; k++) {
        struct model *m = next_model(&seed);
        pooled += m->geometry.align > 1;
        same_in_any_window(m, seed);
        model_free(m);
    }
    ck_assert_int_ge(pooled, 50); /* windows that must begin at multiples of strides */
}
END_TEST

START_TEST(failed_allocations_leak_nothing)
{
    uint64_t seed = 9;
    struct model *m = next_model(&seed);
    long n = 0;
    enum err_code rc = ERR_MEMORY;
    for (; rc == ERR_MEMORY; n++) {
        struct err e = ERR_INIT;
        struct layerwise *p = NULL;
        size_t bytes = 0;
        mem_fail_nth(n);
        rc = model_finish(m, &model_default_limits, &e);
        if (!rc)
            rc = layerwise_new(m, &p, &e);
        if (!rc)
            rc = layerwise_scratch_bytes(p, 64, 64, &bytes, &e);
        mem_fail_nth(-1);
        ck_assert_int_eq(rc, e.code);
        ck_assert(rc == ERR_OK || rc == ERR_MEMORY);
        layerwise_free(p);
    }
    ck_assert_int_eq(n, 10); /* 3 in the geometry, 5 in the plan, 1 to measure; then success */
    model_free(m);
}
END_TEST

/* A chain needs two tensors at a time, so its memory does not grow with its depth. */
START_TEST(chains_reuse_two_buffers)
{
    size_t bytes[2];
    for (int k = 0; k < 2; k++) {
        struct err e = ERR_INIT;
        struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
        build_conv(m, LAYER_CONV2D, 1, 8, 3, 1, 1);
        for (int n = 0; n < (k ? 40 : 4); n++) {
            build_conv(m, LAYER_CONV2D, 8, 8, 3, 1, 1);
            build_layer(m, LAYER_RELU);
        }
        build_conv(m, LAYER_CONV_TRANSPOSE2D, 8, 1, 4, 2, 1);
        build_all_weights(m, 3);
        ck_assert_int_eq(model_finish(m, &model_default_limits, &e), ERR_OK);
        struct layerwise *p = layerwise_of(m);
        ck_assert_int_eq(layerwise_scratch_bytes(p, 64, 64, &bytes[k], &e), ERR_OK);
        layerwise_free(p);
        model_free(m);
    }
    size_t floats = 64 * 64 * 8 * sizeof(float);
    ck_assert_uint_lt(bytes[1], 2 * floats + 16384);
    ck_assert_uint_lt(bytes[1], bytes[0] + 16384);
}
END_TEST

START_TEST(windows_too_large_to_represent_are_refused)
{
    struct err e = ERR_INIT;
    uint64_t seed = 3;
    struct model *m = next_model(&seed);
    struct layerwise *p = layerwise_of(m);
    size_t bytes;
    ck_assert_int_eq(layerwise_scratch_bytes(p, INT32_MAX, INT32_MAX, &bytes, &e), ERR_MODEL_LIMIT);
    layerwise_free(p);
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layerwise");
    TCase *c = tcase_create("layerwise");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, equals_its_layers);
    tcase_add_test(c, known_networks_equal_their_layers);
    tcase_add_test(c, output_does_not_depend_on_the_window);
    tcase_add_test(c, failed_allocations_leak_nothing);
    tcase_add_test(c, chains_reuse_two_buffers);
    tcase_add_test(c, windows_too_large_to_represent_are_refused);
    suite_add_tcase(s, c);
    return harness_run(s);
}
