/* test_plan_steps.c - each way in which a depth-first plan computes a convolution: what it reads,
 * how it meets edges, what is fused into it, and that every set of kernels gives the same. */
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_agree.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_kernels.h"

/* With the usual kernel of 4, outputs 2q + 1 and 2q + 2 depend on the same two inputs. */
START_TEST(phases_ask_for_no_more_than_their_taps)
{
    for (int padding = 0; padding <= 3; padding++) {
        struct err e = ERR_INIT;
        struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
        build_conv(m, LAYER_CONV_TRANSPOSE2D, 1, 1, 4, 2, padding);
        build_all_weights(m, 1);
        ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
        struct plan *p = agree_plan(m, &kernels_plain);
        ck_assert(agree_streams(p));
        for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
            int from = (padding + m->geometry.crop.y) % 2;
            struct span s = plan_reach(p, axis, &agree_endless, (struct span){from, from + 2});
            ck_assert_int_eq(s.hi - s.lo, 2);
        }
        plan_free(p);
        model_free(m);
    }
}
END_TEST

/* A small network that ends with one transposed convolution, or with one in the middle, whose
 * output a padded convolution reads. The first layer is a convolution, of a kernel of 3 or of 2.
 * The picture, enlarged, may be added to the transposed convolution. */
struct enlargement {
    int scale, kernel, padding, extra; /* extra: output_padding */
    int in, out;                       /* channels of the transposed convolution */
    bool middle, adds, two;
};

static struct model *enlarging(const struct enlargement *x, enum model_border border)
{
    struct err e = ERR_INIT;
    struct model *m = build_model(COLOR_Y, x->scale, border);
    if (x->adds) {
        build_upsample(m, x->scale, UPSAMPLE_NEAREST);
        build_conv(m, LAYER_CONV2D, 1, x->out, 1, 1, 0);
    }
    build_conv(m, LAYER_CONV2D, 1, x->in, x->two ? 2 : 3, 1, 1)->input = LAYER_INPUT;
    build_layer(m, LAYER_RELU);
    struct layer *l =
        build_conv(m, LAYER_CONV_TRANSPOSE2D, x->in, x->out, x->kernel, x->scale, x->padding);
    l->conv.output_padding = (struct pair){x->extra, x->extra};
    if (x->adds)
        build_with(m, LAYER_ADD, 1);
    build_prelu(m, x->out);
    if (x->middle)
        build_conv(m, LAYER_CONV2D, x->out, 1, 3, 1, 1);
    build_all_weights(m, (uint64_t)(x->kernel + x->in));
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Every output size is the scale times the input's: kernel + extra = 2 * padding + scale, or 2 less
 * if the first kernel is 2. Taps, a few channels of phases in one block or several, origins of 0
 * and above, and planes and blocks as the input differ. */
static const struct enlargement enlargements[] = {
    {3, 9, 4, 2, 56, 1, false, false, false}, {4, 9, 4, 3, 56, 1, false, false, false},
    {3, 9, 4, 2, 24, 3, true, false, false},  {4, 9, 4, 3, 24, 3, true, true, false},
    {3, 5, 1, 0, 16, 1, true, false, false},  {4, 8, 2, 0, 16, 1, true, false, false},
    {3, 3, 0, 0, 5, 2, true, true, false},    {4, 4, 0, 0, 1, 4, true, false, false},
    {3, 7, 2, 0, 12, 20, true, false, false}, {4, 6, 1, 0, 32, 5, true, true, false},
    {2, 6, 2, 0, 16, 2, true, true, false},   {2, 9, 4, 1, 56, 1, false, false, false},
    {2, 9, 4, 1, 24, 3, true, false, false},  {2, 10, 4, 0, 16, 1, true, false, false},
    {2, 9, 4, 1, 8, 2, true, true, false},    {2, 9, 4, 1, 20, 1, false, true, false},
    {2, 10, 5, 0, 16, 3, true, true, true},   {2, 4, 1, 0, 64, 3, true, true, false},
    {2, 6, 2, 0, 80, 1, true, true, false},   {2, 6, 2, 0, 64, 4, true, false, false},
};

static bool has_path(const struct plan *p, const char *wanted)
{
    for (int i = 0; i < plan_model(p)->layer_count; i++) {
        const char *why, *path = plan_path(p, i, &why);
        if (path && strcmp(path, wanted) == 0)
            return true;
    }
    return false;
}

/* Strides of 3 and 4 have 9 and 16 phases; kernels of 9 and 10 with a stride of 2 have tall tiles.
 * Away from edges, areas agree with the plan by layers and with their own parts. */
START_TEST(enlargements_go_depth_first)
{
    uint64_t any = 3;
    for (size_t k = 0; k < sizeof enlargements / sizeof *enlargements; k++) {
        const struct enlargement *x = &enlargements[k];
        struct model *m = enlarging(x, BORDER_REPLICATE);
        char name[32];
        snprintf(name, sizeof name, "enlargement %zu", k);
        struct plan *p = agree_plan(m, kernels_find(NULL));
        ck_assert_msg(has_path(p, "tall") == (x->scale == 2 && x->kernel > 8), "%s", name);
        plan_free(p);
        for (uint64_t seed = 1; seed < 8; seed++)
            ck_assert_msg(agree_both_ways(m, name, seed), "%s runs by layers", name);
        agree_sets(m, name, &any);
        model_free(m);
    }
}
END_TEST

/* What lies outside the picture is zero for the next layer, though its phase lies partly inside. */
START_TEST(enlargements_meet_the_edges)
{
    uint64_t seed = 34;
    for (size_t k = 0; k < sizeof enlargements / sizeof *enlargements; k++)
        for (int round = 0; round < 8; round++) {
            struct model *m = enlarging(&enlargements[k], BORDER_MODEL);
            char name[32];
            snprintf(name, sizeof name, "enlargement %zu", k);
            ck_assert_msg(agree_padded(m, name, &seed), "%s runs by layers", name);
            model_free(m);
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
            struct plan *a = agree_plan(apart, &kernels_plain),
                        *b = agree_plan(folded, &kernels_plain);
            struct plan_rect keep = {-3, 5, 61, 22};
            struct test_picture picture = agree_around(a, b, keep, &seed);
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

/* Networks with tall tiles twice, behind cells of two pixels; with a picture added to three blocks
 * of channels; and with tall tiles that are no phases, shuffled or not. */
static struct model *odd_one(int k, enum model_border border)
{
    struct err e = ERR_INIT;
    struct model *m = build_model(COLOR_Y, 2, border);
    struct layer *l;
    if (k == 0) {
        build_layer(m, LAYER_PIXEL_UNSHUFFLE)->downscale_factor = 2;
        build_conv(m, LAYER_CONV2D, 4, 16, 3, 1, 1);
        l = build_conv(m, LAYER_CONV_TRANSPOSE2D, 16, 4, 9, 2, 4);
        l->conv.output_padding = (struct pair){1, 1};
        build_conv(m, LAYER_CONV2D, 4, 16, 3, 1, 1);
        l = build_conv(m, LAYER_CONV_TRANSPOSE2D, 16, 1, 9, 2, 4);
        l->conv.output_padding = (struct pair){1, 1};
    } else {
        build_conv(m, LAYER_CONV2D, 1, 40, 1, 1, 0);
        build_conv(m, LAYER_CONV2D, 40, 40, 5, 1, 2);
        build_with(m, LAYER_ADD, 0);
        build_conv(m, LAYER_CONV2D, 40, 4, 5, 1, 2);
        if (k == 2)
            build_conv(m, LAYER_CONV2D, 4, 4, 3, 1, 1);
        build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    }
    build_all_weights(m, 9);
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Frees both models, which are the same but for their border. */
static void agree_with_borders(struct model *endless, struct model *padded, const char *name,
                               uint64_t *any)
{
    for (uint64_t seed = 1; seed < 8; seed++) {
        ck_assert_msg(agree_both_ways(endless, name, seed), "%s runs by layers", name);
        ck_assert_msg(agree_padded(padded, name, any), "%s runs by layers", name);
    }
    agree_sets(endless, name, any);
    model_free(padded);
    model_free(endless);
}

START_TEST(odd_networks_agree)
{
    uint64_t any = 17;
    for (int k = 0; k < 3; k++) {
        struct model *endless = odd_one(k, BORDER_REPLICATE), *padded = odd_one(k, BORDER_MODEL);
        char name[32];
        snprintf(name, sizeof name, "odd network %d", k);
        agree_with_borders(endless, padded, name, &any);
    }
}
END_TEST

/* A network whose last convolution has a few outputs, all of which fit one block: of the size of the
 * picture, or shuffled. */
static struct model *ending(int channels, int outs, bool shuffled, enum model_border border)
{
    struct err e = ERR_INIT;
    struct model *m = build_model(COLOR_Y, 2, border);
    build_upsample(m, shuffled ? 1 : 2, UPSAMPLE_NEAREST);
    build_conv(m, LAYER_CONV2D, 1, channels, 1, 1, 0);
    build_conv(m, LAYER_CONV2D, channels, outs, 3, 1, 1);
    if (shuffled)
        build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
    build_prelu(m, shuffled ? outs / 4 : outs);
    if (outs != (shuffled ? 4 : 1))
        build_conv(m, LAYER_CONV2D, shuffled ? outs / 4 : outs, 1, 1, 1, 0);
    build_all_weights(m, (uint64_t)(channels + outs));
    ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
    return m;
}

/* Many channels do not become planes for the sake of a few outputs. */
START_TEST(a_few_outputs_of_many_channels_take_the_kernel_of_squares)
{
    static const struct {
        int channels, outs;
        bool shuffled;
    } ends[] = {{64, 4, true},  {64, 12, true},  {72, 16, true},
                {64, 1, false}, {100, 3, false}, {32, 4, true}};
    uint64_t any = 5;
    for (size_t k = 0; k < sizeof ends / sizeof *ends; k++) {
        struct model *endless =
                         ending(ends[k].channels, ends[k].outs, ends[k].shuffled, BORDER_REPLICATE),
                     *padded =
                         ending(ends[k].channels, ends[k].outs, ends[k].shuffled, BORDER_MODEL);
        char name[32];
        snprintf(name, sizeof name, "end %zu", k);
        struct plan *p = agree_plan(padded, kernels_find(NULL));
        ck_assert_msg(has_path(p, "winograd") == (ends[k].channels >= 64), "%s", name);
        plan_free(p);
        agree_with_borders(endless, padded, name, &any);
    }
}
END_TEST

/* An add, or a concat, crops the larger of its inputs. A padded convolution behind it finds zeros
 * where it was cropped. */
START_TEST(what_is_cropped_is_zero_for_the_next_layer)
{
    uint64_t seed = 8;
    for (int joins = 0; joins < 2; joins++) {
        struct err e = ERR_INIT;
        struct model *m = build_model(COLOR_Y, 2, BORDER_MODEL);
        build_conv(m, LAYER_CONV2D, 1, 4, 3, 1, 1);
        build_conv(m, LAYER_CONV2D, 4, 4, 3, 1, 2);
        build_with(m, joins ? LAYER_CONCAT : LAYER_ADD, 0);
        build_conv(m, LAYER_CONV2D, joins ? 8 : 4, 4, 3, 1, 1);
        build_conv(m, LAYER_CONV_TRANSPOSE2D, 4, 1, 4, 2, 1);
        build_all_weights(m, 11);
        ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
        for (int round = 0; round < 8; round++)
            agree_padded(m, joins ? "concat" : "add", &seed);
        model_free(m);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan_steps");
    TCase *c = tcase_create("plan_steps");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, phases_ask_for_no_more_than_their_taps);
    tcase_add_test(c, enlargements_go_depth_first);
    tcase_add_test(c, enlargements_meet_the_edges);
    tcase_add_test(c, an_affine_behind_a_convolution_is_part_of_its_weights);
    tcase_add_test(c, odd_networks_agree);
    tcase_add_test(c, a_few_outputs_of_many_channels_take_the_kernel_of_squares);
    tcase_add_test(c, what_is_cropped_is_zero_for_the_next_layer);
    suite_add_tcase(s, c);
    return harness_run(s);
}
