/* test_chain.c - which networks enlarge a picture: the exact one, or the chain with the fewest
 * multiply-adds. A chain of different networks computes the same as its networks one after
 * another. */
#include "engine/tiles/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/image/color.h"
#include "engine/upscale.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"

enum { FILES_MOST = 8 };

/* The networks of a set, by factor and width: a network of factor s and k channels does
 * k * (1 + s * s) multiply-adds for each pixel. */
struct shelf {
    struct model *models[FILES_MOST];
    struct plan *plans[FILES_MOST];
    struct chain_set set;
};

static void add_network(struct shelf *s, int scale, int width, enum model_border border)
{
    struct err e = ERR_INIT;
    struct model *m = build_model(COLOR_Y, scale, border);
    build_conv(m, LAYER_CONV2D, 1, width, 1, 1, 0);
    build_conv(m, LAYER_CONV2D, width, scale * scale, 1, 1, 0);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = scale;
    build_visible_weights(m, (uint64_t)(scale * 100 + width), 0.5f);
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    int at = s->set.count++;
    s->models[at] = m;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &s->plans[at], &e), ERR_OK);
    s->set.plans[at] = s->plans[at];
}

static void shelf_done(struct shelf *s)
{
    for (int i = 0; i < s->set.count; i++) {
        plan_free(s->plans[i]);
        model_free(s->models[i]);
    }
}

/* Returns "2 3" for a chain of factor 2 and then 3. The text is valid until the next call. */
static const char *chosen(const struct shelf *s, struct pair in, struct pair out)
{
    static char text[16];
    struct chain c;
    text[0] = '\0';
    if (!chain_choose(&s->set, in, out, &c))
        return "none";
    for (int k = 0; k < c.count; k++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", k ? " " : "",
                 plan_model(c.plans[k])->scale);
    return text;
}

struct choice {
    int files; /* the set has the first one, two or three networks, of factors 2, 4 and 3 */
    struct pair out;
    const char *chain;
};

START_TEST(the_exact_file_or_the_cheapest_chain)
{
    /* for a picture of 100 x 100; the networks cost 100, 204 and 140 */
    static const struct choice choices[] = {
        {1, {200, 200}, "2"},   {1, {201, 200}, "2 2"},   {1, {300, 300}, "2 2"},
        {1, {400, 400}, "2 2"}, {1, {500, 500}, "2 2 2"}, {1, {800, 800}, "2 2 2"},
        {1, {100, 100}, "2"},   {1, {100, 800}, "2 2 2"}, {2, {200, 200}, "2"},
        {2, {300, 300}, "4"},   {2, {400, 400}, "4"},     {2, {500, 500}, "2 4"},
        {2, {800, 800}, "2 4"}, {2, {400, 200}, "4"},     {3, {200, 200}, "2"},
        {3, {250, 250}, "3"},   {3, {300, 300}, "3"},     {3, {300, 200}, "3"},
        {3, {400, 400}, "4"},   {3, {500, 500}, "2 3"},   {3, {600, 600}, "2 3"},
        {3, {601, 600}, "2 4"}, {3, {800, 800}, "2 4"},   {3, {110, 100}, "2"},
    };
    struct shelf s = {.set.count = 0};
    add_network(&s, 2, 20, BORDER_REPLICATE);
    for (size_t k = 0; k < sizeof choices / sizeof *choices; k++) {
        if (choices[k].files == 2 && s.set.count == 1)
            add_network(&s, 4, 12, BORDER_REPLICATE);
        if (choices[k].files == 3 && s.set.count == 2)
            add_network(&s, 3, 14, BORDER_REPLICATE);
        ck_assert_str_eq(chosen(&s, (struct pair){100, 100}, choices[k].out), choices[k].chain);
    }
    shelf_done(&s);
}
END_TEST

START_TEST(the_exact_file_runs_even_where_a_chain_is_cheaper)
{
    struct shelf s = {.set.count = 0};
    add_network(&s, 2, 1, BORDER_REPLICATE);
    add_network(&s, 4, 500, BORDER_REPLICATE);
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){40, 40}), "4");
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){39, 40}), "2 2");
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){80, 80}), "2 2 2");
    shelf_done(&s);
}
END_TEST

START_TEST(a_network_that_keeps_the_size_serves_that_alone)
{
    struct shelf s = {.set.count = 0};
    add_network(&s, 1, 50, BORDER_REPLICATE);
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){10, 10}), "1");
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){11, 10}), "none");
    add_network(&s, 2, 1, BORDER_REPLICATE);
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){10, 10}), "1");
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){11, 10}), "2");
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){40, 40}), "2 2");
    shelf_done(&s);
}
END_TEST

START_TEST(networks_of_different_borders_do_not_follow_each_other)
{
    struct shelf s = {.set.count = 0};
    add_network(&s, 2, 10, BORDER_REPLICATE);
    add_network(&s, 3, 20, BORDER_MODEL);
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){60, 60}), "2 2 2");
    ck_assert_str_eq(chosen(&s, (struct pair){10, 10}, (struct pair){30, 30}), "3");
    shelf_done(&s);
}
END_TEST

START_TEST(of_two_files_of_one_factor_the_cheaper_runs)
{
    struct shelf s = {.set.count = 0};
    struct chain c;
    add_network(&s, 2, 30, BORDER_REPLICATE);
    add_network(&s, 2, 10, BORDER_ZERO);
    for (int factor = 2; factor <= 8; factor += 2) {
        ck_assert(chain_choose_factor(&s.set, factor, true, &c));
        ck_assert_ptr_eq(c.plans[c.count - 1], s.plans[1]);
    }
    shelf_done(&s);
}
END_TEST

/* Tries all chains: none that reaches the factor is cheaper than the chosen one. */
START_TEST(nothing_is_cheaper)
{
    uint64_t seed = harness_seed(18);
    for (int round = 0; round < 60; round++) {
        struct shelf s = {.set.count = 0};
        int files = harness_between(&seed, 1, 5);
        for (int i = 0; i < files; i++)
            add_network(&s, harness_between(&seed, 2, 5), harness_between(&seed, 1, 40),
                        BORDER_REPLICATE);
        for (int factor = 1; factor <= 8; factor++) {
            struct chain best;
            ck_assert(chain_choose_factor(&s.set, factor, false, &best));
            ck_assert_int_ge(chain_factor(&best), factor);
            for (int code = 0; code < (files + 1) * (files + 1) * files; code++) {
                struct chain c = chain_repeated(s.plans[code % files], 1);
                int second = code / files % (files + 1), third = code / files / (files + 1);
                if (second < files)
                    c.plans[c.count++] = s.plans[second];
                if (third < files)
                    c.plans[c.count++] = s.plans[third];
                if (chain_factor(&c) >= factor)
                    ck_assert_double_le(chain_macs(&best), chain_macs(&c));
            }
        }
        shelf_done(&s);
    }
}
END_TEST

struct plane {
    float *samples;
    int width, height;
};

/* Runs a network of 1x1 kernels: each pixel by itself becomes factor x factor pixels. */
static struct plane run_one(const struct model *m, struct plane in)
{
    int s = m->scale, width = m->layers[0].channels;
    const struct conv_params *a = &m->layers[0].conv, *b = &m->layers[1].conv;
    struct plane out = {calloc((size_t)(in.width * in.height * s * s), sizeof(float)), in.width * s,
                        in.height * s};
    for (int i = 0; i < out.width * out.height; i++) {
        int y = i / out.width, x = i % out.width, o = y % s * s + x % s;
        double sum = b->bias ? (double)b->bias[o] : 0;
        for (int k = 0; k < width; k++) {
            double mid = (a->bias ? (double)a->bias[k] : 0) +
                         (double)a->weight[k] * (double)in.samples[y / s * in.width + x / s];
            sum += (double)b->weight[o * width + k] * mid;
        }
        out.samples[i] = (float)sum;
    }
    return out;
}

static enum err_code collect(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                             struct err *e)
{
    uint8_t **to = arg;
    (void)e;
    memcpy(*to, pixels, row_bytes * (size_t)count);
    *to += row_bytes * (size_t)count;
    return ERR_OK;
}

START_TEST(different_networks_run_one_after_another)
{
    enum { W = 71, H = 50 };
    struct shelf s = {.set.count = 0};
    struct image *img = NULL;
    struct pool *pool = NULL;
    uint64_t seed = 4;
    size_t scratch;
    add_network(&s, 2, 20, BORDER_REPLICATE);
    add_network(&s, 3, 14, BORDER_REPLICATE);
    struct image_format in = {W, H, 1, 8}, out = {6 * W, 6 * H, 1, 16};
    ck_assert_int_eq(image_new(&in, &img, NULL), ERR_OK);
    for (size_t i = 0; i < image_bytes(&in); i++)
        img->pixels[i] = (uint8_t)harness_random(&seed);
    struct plane p = {calloc(W * H, sizeof(float)), W, H};
    for (int y = 0; y < H; y++)
        color_load(&in, img->pixels + (size_t)y * img->row_bytes, W, 0, p.samples + y * W);
    struct upscale_params params = {.width = 6 * W, .height = 6 * H, .depth = 16};
    ck_assert(
        chain_choose(&s.set, (struct pair){H, W}, (struct pair){6 * H, 6 * W}, &params.chain));
    ck_assert_int_eq(params.chain.count, 2);
    ck_assert_int_eq(pool_new(2, &pool, NULL), ERR_OK);
    ck_assert_int_eq(upscale_scratch_bytes(&s.set, &scratch, NULL), ERR_OK);
    ck_assert_int_eq(pool_reserve(pool, scratch, NULL), ERR_OK);
    uint8_t *bytes = malloc(image_bytes(&out)), *end = bytes;
    ck_assert_int_eq(upscale_run(pool, &params, img,
                                 &(struct upscale_hooks){.rows = collect, .rows_arg = &end}, NULL),
                     ERR_OK);
    for (int k = 0; k < 2; k++) {
        struct plane next = run_one(plan_model(params.chain.plans[k]), p);
        free(p.samples);
        p = next;
    }
    for (int i = 0; i < p.width * p.height; i++) {
        uint16_t stored;
        memcpy(&stored, bytes + 2 * i, sizeof stored);
        double got = stored, want = 65535 * (double)p.samples[i];
        want = want < 0 ? 0 : want > 65535 ? 65535 : want;
        ck_assert_msg(got - want < 2 && want - got < 2, "%d: %g, not %g", i, got, want);
    }
    free(p.samples);
    free(bytes);
    image_free(img);
    pool_free(pool);
    shelf_done(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("chain");
    TCase *c = tcase_create("chain");
    tcase_add_test(c, the_exact_file_or_the_cheapest_chain);
    tcase_add_test(c, the_exact_file_runs_even_where_a_chain_is_cheaper);
    tcase_add_test(c, a_network_that_keeps_the_size_serves_that_alone);
    tcase_add_test(c, networks_of_different_borders_do_not_follow_each_other);
    tcase_add_test(c, of_two_files_of_one_factor_the_cheaper_runs);
    tcase_add_test(c, nothing_is_cheaper);
    tcase_add_test(c, different_networks_run_one_after_another);
    suite_add_tcase(s, c);
    return harness_run(s);
}
