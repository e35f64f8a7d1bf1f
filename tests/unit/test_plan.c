/* test_plan.c - a depth-first plan computes what a layerwise one computes, and the same bytes for
 * every area. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_kernels.h"
#include "tests/lib/nn_nets.h"
#include "tests/lib/nn_plan.h"

static struct plan *plan_of(const struct model *m, const struct kernels *k)
{
    struct err e = ERR_INIT;
    struct plan *p = NULL;
    ck_assert_msg(plan_new(m, k, &p, &e) == ERR_OK, "%s", e.text);
    return p;
}

static bool is_streamed(const struct plan *p)
{
    const char *why, *path = plan_path(p, 0, &why);
    return !path || strcmp(path, "reference") != 0;
}

static const struct plan_picture endless = {0, 0, false};

/* Makes a picture with all pixels that both plans may ask for around an area. */
static struct test_picture picture_around(const struct plan *a, const struct plan *b,
                                          struct plan_rect keep, uint64_t *seed)
{
    int channels = plan_model(a)->geometry.in_channels;
    struct pair lo = {1 << 20, 1 << 20}, hi = {-(1 << 20), -(1 << 20)};
    const struct plan *plans[2] = {a, b};
    for (int k = 0; k < 2; k++) {
        struct span down = {keep.y, keep.y + keep.height}, across = {keep.x, keep.x + keep.width};
        struct span y = plan_reach(plans[k], AXIS_Y, &endless, down);
        struct span x = plan_reach(plans[k], AXIS_X, &endless, across);
        lo = (struct pair){y.lo < lo.y ? y.lo : lo.y, x.lo < lo.x ? x.lo : lo.x};
        hi = (struct pair){y.hi > hi.y ? y.hi : hi.y, x.hi > hi.x ? x.hi : hi.x};
    }
    struct test_picture p = {NULL, hi.x - lo.x, hi.y - lo.y, channels, lo};
    p.samples = build_samples((size_t)(p.width * p.height * channels), seed);
    return p;
}

static float largest(const float *v, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        most = fabsf(v[i]) > most ? fabsf(v[i]) : most;
    return most;
}

static void check_close(const float *got, const float *want, size_t count, const char *name)
{
    float scale = largest(want, count) + 1;
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(got[i] - want[i]) <= 256 * FLT_EPSILON * scale,
                      "%s: sample %zu is %.9g, not %.9g", name, i, (double)got[i], (double)want[i]);
}

/* Runs both plans over one area. Parts of the area must have the same bytes. */
static bool same_both_ways(const struct model *m, const char *name, uint64_t seed)
{
    struct plan *fast = plan_of(m, &kernels_plain), *slow = plan_of(m, NULL);
    bool streamed = is_streamed(fast);
    struct plan_rect keep = {harness_between(&seed, -20, 20), harness_between(&seed, -20, 20),
                             harness_between(&seed, 1, 40), harness_between(&seed, 1, 40)};
    size_t channels = (size_t)m->geometry.out_channels;
    size_t count = (size_t)(keep.width * keep.height) * channels;
    struct test_picture picture = picture_around(fast, slow, keep, &seed);
    float *got = run_plan(fast, &picture, keep, false),
          *want = run_plan(slow, &picture, keep, false);
    if (streamed)
        check_close(got, want, count, name);
    for (int k = 0; k < 4; k++) {
        struct plan_rect cut;
        cut.x = harness_between(&seed, 0, keep.width - 1);
        cut.y = harness_between(&seed, 0, keep.height - 1);
        cut.width = harness_between(&seed, 1, keep.width - cut.x);
        cut.height = harness_between(&seed, 1, keep.height - cut.y);
        struct plan_rect there = {keep.x + cut.x, keep.y + cut.y, cut.width, cut.height};
        float *part = run_plan(fast, &picture, there, false);
        for (int y = 0; y < cut.height; y++)
            ck_assert_msg(memcmp(part + (size_t)(y * cut.width) * channels,
                                 got + (size_t)((cut.y + y) * keep.width + cut.x) * channels,
                                 (size_t)cut.width * channels * sizeof *part) == 0,
                          "%s: row %d of a cut differs", name, y);
        mem_free(part);
    }
    mem_free(want);
    mem_free(got);
    mem_free((void *)(uintptr_t)picture.samples);
    plan_free(slow);
    plan_free(fast);
    return streamed;
}

START_TEST(known_networks_go_depth_first)
{
    for (int k = 0; k < net_count; k++) {
        if (strcmp(nets[k].name, "wide") == 0)
            continue;
        for (uint64_t seed = 1; seed < 4; seed++) {
            struct err e = ERR_INIT;
            struct model *m = net_new(&nets[k], BORDER_REPLICATE, seed);
            ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
            bool streamed = same_both_ways(m, nets[k].name, seed);
            ck_assert_int_eq(streamed, strcmp(nets[k].name, "unet") != 0);
            model_free(m);
        }
    }
}
END_TEST

START_TEST(random_networks_agree)
{
    int streamed = 0;
    for (uint64_t seed = 1; seed < 600; seed++) {
        struct err e = ERR_INIT;
        struct model *m = net_random(seed);
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        if (model_finish(m, &model_default_limits, &e) == ERR_OK)
            streamed += same_both_ways(m, name, seed);
        model_free(m);
    }
    ck_assert_int_ge(streamed, 60);
}
END_TEST

/* With the usual kernel of 4, outputs 2q + 1 and 2q + 2 depend on the same two inputs. */
START_TEST(phases_ask_for_no_more_than_their_taps)
{
    for (int padding = 0; padding <= 3; padding++) {
        struct err e = ERR_INIT;
        struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
        build_conv(m, LAYER_CONV_TRANSPOSE2D, 1, 1, 4, 2, padding);
        build_all_weights(m, 1);
        ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
        struct plan *p = plan_of(m, &kernels_plain);
        ck_assert(is_streamed(p));
        for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
            int from = (padding + m->geometry.crop.y) % 2;
            struct span s = plan_reach(p, axis, &endless, (struct span){from, from + 2});
            ck_assert_int_eq(s.hi - s.lo, 2);
        }
        plan_free(p);
        model_free(m);
    }
}
END_TEST

/* A small network that ends with one transposed convolution, or with one in the middle, whose output
 * a padded convolution reads. */
struct enlargement {
    int scale, kernel, padding, extra; /* extra: output_padding */
    int in, out;                       /* channels of the transposed convolution */
    bool middle;
};

static struct model *enlarging(const struct enlargement *x, enum model_border border)
{
    struct err e = ERR_INIT;
    struct model *m = build_model(COLOR_Y, x->scale, border);
    build_conv(m, LAYER_CONV2D, 1, x->in, 3, 1, 1);
    build_layer(m, LAYER_RELU);
    struct layer *l =
        build_conv(m, LAYER_CONV_TRANSPOSE2D, x->in, x->out, x->kernel, x->scale, x->padding);
    l->conv.output_padding = (struct pair){x->extra, x->extra};
    build_prelu(m, x->out);
    if (x->middle)
        build_conv(m, LAYER_CONV2D, x->out, 1, 3, 1, 1);
    build_all_weights(m, (uint64_t)(x->kernel + x->in));
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Every output size is the scale times the input's: kernel + extra = 2 * padding + scale. Taps, a
 * few channels of phases in one block or several, origins of 0 and above, and planes and blocks as
 * the input differ. */
static const struct enlargement enlargements[] = {
    {3, 9, 4, 2, 56, 1, false}, {4, 9, 4, 3, 56, 1, false}, {3, 9, 4, 2, 24, 3, true},
    {4, 9, 4, 3, 24, 3, true},  {3, 5, 1, 0, 16, 1, true},  {4, 8, 2, 0, 16, 1, true},
    {3, 3, 0, 0, 5, 2, true},   {4, 4, 0, 0, 1, 4, true},   {3, 7, 2, 0, 12, 20, true},
    {4, 6, 1, 0, 32, 5, true},  {2, 9, 4, 1, 56, 1, false}, {2, 9, 4, 1, 24, 3, true},
    {2, 10, 4, 0, 16, 1, true}, {2, 9, 4, 1, 8, 2, true},
};

/* Strides of 3 and 4 have 9 and 16 phases; kernels of 9 and 10 with a stride of 2 have tall tiles.
 * Away from edges, areas agree with the plan by layers and with their own parts. */
START_TEST(enlargements_go_depth_first)
{
    for (size_t k = 0; k < sizeof enlargements / sizeof *enlargements; k++)
        for (uint64_t seed = 1; seed < 8; seed++) {
            struct model *m = enlarging(&enlargements[k], BORDER_REPLICATE);
            char name[32];
            snprintf(name, sizeof name, "enlargement %zu", k);
            ck_assert_msg(same_both_ways(m, name, seed), "%s runs by layers", name);
            model_free(m);
        }
}
END_TEST

/* Runs both plans over whole pictures of random sizes. */
static void check_padded(const struct model *m, const char *name, uint64_t *seed)
{
    struct plan *fast = plan_of(m, &kernels_plain), *slow = plan_of(m, NULL);
    ck_assert(is_streamed(fast));
    int align = m->geometry.align;
    struct test_picture p = {NULL,
                             align * harness_between(seed, 1, 40),
                             align * harness_between(seed, 1, 40),
                             m->geometry.in_channels,
                             {0, 0}};
    size_t count = (size_t)(p.width * p.height * p.channels);
    p.samples = build_samples(count, seed);
    struct plan_rect all = {0, 0, m->scale * p.width, m->scale * p.height};
    float *got = run_plan(fast, &p, all, true), *want = run_plan(slow, &p, all, true);
    check_close(got, want, (size_t)(all.width * all.height) * (size_t)m->geometry.out_channels,
                name);
    mem_free(want);
    mem_free(got);
    mem_free((void *)(uintptr_t)p.samples);
    plan_free(slow);
    plan_free(fast);
}

/* What lies outside the picture is zero for the next layer, though its phase lies partly inside. */
START_TEST(enlargements_meet_the_edges)
{
    uint64_t seed = 34;
    for (size_t k = 0; k < sizeof enlargements / sizeof *enlargements; k++)
        for (int round = 0; round < 8; round++) {
            struct model *m = enlarging(&enlargements[k], BORDER_MODEL);
            char name[32];
            snprintf(name, sizeof name, "enlargement %zu", k);
            check_padded(m, name, &seed);
            model_free(m);
        }
}
END_TEST

/* The network pads at the picture's edges by itself. */
START_TEST(padding_meets_the_edges)
{
    static const char *const names[] = {"fsrcnn", "espcn", "rrdbnet"};
    uint64_t seed = 77;
    for (int k = 0; k < net_count; k++) {
        bool padded = false;
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            padded = padded || strcmp(nets[k].name, names[n]) == 0;
        if (!padded)
            continue;
        for (int round = 0; round < 12; round++) {
            struct err e = ERR_INIT;
            struct model *m = net_new(&nets[k], BORDER_MODEL, seed);
            ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
            check_padded(m, nets[k].name, &seed);
            model_free(m);
        }
    }
}
END_TEST

/* A convolution by each kernel, with an affine behind it. */
struct scaled {
    enum layer_kind kind;
    int in, out, kernel, stride;
    bool shuffled;
};

static const struct scaled scaled[] = {
    {LAYER_CONV2D, 16, 16, 3, 1, false},          {LAYER_CONV2D, 1, 16, 5, 1, false},
    {LAYER_CONV2D, 16, 16, 1, 1, false},          {LAYER_CONV2D, 16, 3, 3, 1, false},
    {LAYER_CONV2D, 16, 12, 3, 1, true},           {LAYER_CONV_TRANSPOSE2D, 16, 1, 6, 2, false},
    {LAYER_CONV2D, 16, 3, 5, 1, false},           {LAYER_CONV_TRANSPOSE2D, 16, 1, 9, 2, false},
    {LAYER_CONV_TRANSPOSE2D, 16, 1, 9, 3, false}, {LAYER_CONV_TRANSPOSE2D, 16, 32, 4, 2, false},
};

/* A network of one such convolution between two others. With `folded`, the weights of the
 * convolution are multiplied by the affine's. Both models have the same weights otherwise. */
static struct model *scaling(const struct scaled *x, int weights, bool folded)
{
    struct err e = ERR_INIT;
    int factor = x->shuffled ? 2 : x->stride, outs = x->shuffled ? x->out / 4 : x->out;
    struct model *m = build_model(COLOR_Y, factor, BORDER_REPLICATE);
    if (x->in > 1)
        build_conv(m, LAYER_CONV2D, 1, x->in, 3, 1, 1);
    struct layer *conv = build_conv(m, x->kind, x->in, x->out, x->kernel, x->stride,
                                    (x->kernel - x->stride + 1) / 2);
    conv->conv.output_padding.y = conv->conv.output_padding.x =
        x->stride > 1 ? (x->kernel - x->stride) % 2 : 0;
    if (x->shuffled)
        build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    struct layer *affine = build_layer(m, LAYER_AFFINE);
    affine->affine = (struct affine_params){.weight_count = weights, .bias_count = outs};
    build_conv(m, LAYER_CONV2D, outs, 1, 1, 1, 0);
    build_all_weights(m, 7);
    if (folded) {
        size_t per = (size_t)(x->kernel * x->kernel), every = x->shuffled ? 4 : 1;
        for (size_t i = 0; i < per * (size_t)(x->in * x->out); i++) {
            size_t o = x->kind == LAYER_CONV2D ? i / per / (size_t)x->in : i / per % (size_t)x->out;
            conv->conv.weight[i] *= affine->affine.weight[weights > 1 ? o / every : 0];
        }
        for (size_t o = 0; o < (size_t)x->out; o++)
            conv->conv.bias[o] =
                conv->conv.bias[o] * affine->affine.weight[weights > 1 ? o / every : 0] +
                affine->affine.bias[o / every];
        for (int o = 0; o < outs; o++) {
            affine->affine.weight[weights > 1 ? o : 0] = 1;
            affine->affine.bias[o] = 0;
        }
    }
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Such an affine takes no step of its own. */
START_TEST(an_affine_behind_a_convolution_is_part_of_its_weights)
{
    uint64_t seed = 12;
    for (size_t k = 0; k < sizeof scaled / sizeof *scaled; k++)
        for (int each = 0; each < 2; each++) {
            const struct scaled *x = &scaled[k];
            int weights = each ? (x->shuffled ? x->out / 4 : x->out) : 1;
            struct model *apart = scaling(x, weights, false), *folded = scaling(x, weights, true);
            struct plan *a = plan_of(apart, &kernels_plain), *b = plan_of(folded, &kernels_plain);
            struct plan_rect keep = {-3, 5, 61, 22};
            struct test_picture picture = picture_around(a, b, keep, &seed);
            float *got = run_plan(a, &picture, keep, false);
            float *want = run_plan(b, &picture, keep, false);
            ck_assert_msg(memcmp(got, want, (size_t)(keep.width * keep.height) * sizeof *got) == 0,
                          "row %zu: the affine is computed apart", k);
            mem_free(want);
            mem_free(got);
            mem_free((void *)(uintptr_t)picture.samples);
            plan_free(b);
            plan_free(a);
            model_free(folded);
            model_free(apart);
        }
}
END_TEST

/* Sets with fused multiply-add agree to the bit, so that a mixed cluster gives one answer. */
START_TEST(kernel_sets_agree)
{
    uint64_t seed = 5;
    for (int k = 0; k < net_count; k++) {
        struct err e = ERR_INIT;
        if (strcmp(nets[k].name, "wide") == 0 || strcmp(nets[k].name, "unet") == 0)
            continue;
        struct model *m = net_new(&nets[k], BORDER_REPLICATE, seed);
        ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
        struct plan *plain = plan_of(m, &kernels_plain);
        struct plan_rect keep = {-3, 5, 2 * harness_between(&seed, 1, 60), 22};
        struct test_picture picture = picture_around(plain, plain, keep, &seed);
        size_t count = (size_t)(keep.width * keep.height * m->geometry.out_channels);
        float *want = run_plan(plain, &picture, keep, false);
        const struct kernels *set;
        for (int n = 0; (set = kernels_at(n)) != NULL; n++) {
            struct plan *p = plan_of(m, set);
            float *got = run_plan(p, &picture, keep, false);
            if (set->fused)
                ck_assert_msg(memcmp(got, want, count * sizeof *got) == 0, "%s: %s differs",
                              nets[k].name, set->name);
            check_close(got, want, count, set->name);
            mem_free(got);
            plan_free(p);
        }
        mem_free(want);
        mem_free((void *)(uintptr_t)picture.samples);
        plan_free(plain);
        model_free(m);
    }
}
END_TEST

/* Areas compute their halos again, so larger ones cost less; the memory of a strip is worth less the higher it is.
 * Below these sizes nothing leaves the caches. */
START_TEST(small_cuts_and_low_strips_cost_more)
{
    struct model *m = net_new(&nets[0], BORDER_REPLICATE, 1);
    ck_assert_int_eq(model_finish(m, &model_default_limits, NULL), ERR_OK);
    struct plan *p = plan_of(m, &kernels_plain);
    ck_assert(plan_has_strips(p));
    for (int side = 16; side <= 64; side *= 2) {
        ck_assert_double_gt(plan_cut_cost(p, side, side), plan_cut_cost(p, 2 * side, side));
        ck_assert_double_gt(plan_cut_cost(p, side, side), plan_cut_cost(p, side, 2 * side));
        ck_assert_double_gt(plan_cut_cost(p, side, side), 1);
        ck_assert_double_gt(plan_strip_cost(p, side, side), 0);
        ck_assert_double_eq_tol(plan_strip_cost(p, side, side),
                                2 * plan_strip_cost(p, side, 2 * side), 1e-9);
        /* the halo of a narrow strip takes memory too */
        ck_assert_double_ge(plan_strip_cost(p, side, side), plan_strip_cost(p, 2 * side, side));
    }
    plan_free(p);
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, known_networks_go_depth_first);
    tcase_add_test(c, random_networks_agree);
    tcase_add_test(c, phases_ask_for_no_more_than_their_taps);
    tcase_add_test(c, enlargements_go_depth_first);
    tcase_add_test(c, enlargements_meet_the_edges);
    tcase_add_test(c, padding_meets_the_edges);
    tcase_add_test(c, an_affine_behind_a_convolution_is_part_of_its_weights);
    tcase_add_test(c, kernel_sets_agree);
    tcase_add_test(c, small_cuts_and_low_strips_cost_more);
    suite_add_tcase(s, c);
    return harness_run(s);
}
