/* test_geometry.c - what model_finish computes about networks, which networks it refuses, and with
 * what sentence. test_plan's output_does_not_depend_on_the_window shows that halos suffice, to the
 * bit. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/geometry.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_nets.h"

static enum err_code finish(struct model *m, struct err *e)
{
    *e = (struct err)ERR_INIT;
    return model_finish(m, &model_default_limits, e);
}

START_TEST(known_networks_have_known_geometry)
{
    static const struct {
        const char *name;
        int crop, halo, align, least;
        double macs;
    } known[] = {
        {"fsrcnn", 0, 8, 1, 1, 1400 + 672 + 4 * 1296 + 672 + 81 * 56},
        {"espcn", 0, 4, 1, 1, 1600 + 18432 + 1152},
        {"sesr", 18, 9, 1, 19, 400 + 5 * 2304 + 1600},
        {"unet", 0, 6, 2, 2, 216 + 576 / 4 + 1152 + 16 * 24},
        {"vgg_7", 7, 4, 1, 8, 4 * 9 * (96 + 1024 + 2048 + 4096 + 8192 + 16384 + 384)},
        {"upconv_7", 14, 7, 1, 15, 9 * (48 + 512 + 2048 + 8192 + 16384 + 32768) + 16 * 768},
        {"folded", 2, 2, 1, 3, 9 * 64 + (16 + 25) * 192 + 4 * 3},
        {"wide", 0, 1, 1, 1, 3 * 2048 + 2048.0 * 256 * 16 + 4 * 768},
        {"rrdbnet", 0, 8, 2, 2, 9 * (192 + 256 + 512) / 4.0 + 9 * 256 + 4 * 9 * (256 + 48)},
    };
    for (int k = 0; k < net_count; k++) {
        struct err e;
        struct model *m = net_new(&nets[k], BORDER_REPLICATE, 1);
        ck_assert_str_eq(nets[k].name, known[k].name);
        ck_assert_msg(finish(m, &e) == ERR_OK, "%s: %s", nets[k].name, e.text);
        const struct model_geometry *g = &m->geometry;
        ck_assert_msg(g->crop.x == known[k].crop && g->crop.y == known[k].crop, "%s: crop %d",
                      nets[k].name, g->crop.x);
        ck_assert_msg(g->halo == known[k].halo, "%s: halo %d", nets[k].name, g->halo);
        ck_assert_msg(g->align == known[k].align && g->least == known[k].least,
                      "%s: align %d, least %d", nets[k].name, g->align, g->least);
        ck_assert_msg(fabs(g->macs_per_pixel - known[k].macs) < 0.5, "%s: %.1f", nets[k].name,
                      g->macs_per_pixel);
        ck_assert(!g->whole);
        model_free(m);
    }
}
END_TEST

/* The size is scale * n - c at every multiple of `align` from `least` on, and there is none below
 * `least`. */
START_TEST(sizes_are_linear_from_least_on)
{
    struct extent *extents = calloc(1025, sizeof *extents);
    for (uint64_t seed = 1; seed < 600; seed++) {
        struct err e;
        struct model *m = net_random(seed);
        if (finish(m, &e) != ERR_OK) {
            model_free(m);
            continue;
        }
        const struct model_geometry *g = &m->geometry;
        for (enum axis axis = AXIS_Y; axis <= AXIS_X; axis++) {
            int crop = pair_at(g->crop, axis);
            int64_t lost = -1;
            for (int n = g->least; n < g->least + 8 * g->align; n += g->align) {
                if (geometry_walk(m, axis, n, extents) != m->layer_count)
                    ck_abort_msg("seed %d: %d is too small", (int)seed, n);
                int64_t c = (int64_t)g->scale * n - extents[m->layer_count].size;
                if ((lost != -1 && c != lost) || floor_div(c, 2) != crop)
                    ck_abort_msg("seed %d: %d loses %d, crop %d", (int)seed, n, (int)c, crop);
                lost = c;
            }
        }
        if (g->least > g->align) {
            int n = g->least - g->align;
            ck_assert(geometry_walk(m, AXIS_Y, n, extents) < m->layer_count ||
                      geometry_walk(m, AXIS_X, n, extents) < m->layer_count);
        }
        model_free(m);
    }
    free(extents);
}
END_TEST

START_TEST(what_sees_the_whole_picture_says_so)
{
    for (int k = 0; k < 3; k++) {
        struct err e;
        struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
        struct layer *l = build_conv(m, LAYER_CONV2D, 1, 1, 3, 1, k == 2 ? 0 : 1);
        if (k != 1)
            l->conv.padding_mode = PADDING_CIRCULAR;
        build_upsample(m, 2, UPSAMPLE_BILINEAR)->upsample.align_corners = k == 1;
        build_all_weights(m, 1);
        ck_assert_int_eq(finish(m, &e), ERR_OK);
        ck_assert_int_eq(m->geometry.whole, k != 2);
        model_free(m);
    }
}
END_TEST

/* Makes a valid network, which the refusals below spoil: conv, relu, pool, conv, unpool,
 * deconvolution. */
static struct model *sound(void)
{
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    build_conv(m, LAYER_CONV2D, 1, 8, 3, 1, 1);
    build_layer(m, LAYER_RELU);
    build_pool(m, LAYER_MAX_POOL2D, 2, 2);
    build_conv(m, LAYER_CONV2D, 8, 8, 3, 1, 1);
    build_with(m, LAYER_MAX_UNPOOL2D, 2)->pool = m->layers[2].pool;
    build_with(m, LAYER_ADD, 1);
    build_prelu(m, 8);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 8, 1, 4, 2, 1);
    build_all_weights(m, 1);
    return m;
}

#define SPOIL(name, ...)                                                                           \
    static void name(struct model *m)                                                              \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
    }
SPOIL(nothing, (void)m)
SPOIL(wrong_in, m->layers[3].conv.in_channels = 16)
SPOIL(wrong_groups, m->layers[3].conv.groups = 3)
SPOIL(no_groups, m->layers[3].conv.groups = 0)
SPOIL(no_kernel, m->layers[3].conv.kernel_size.x = 0)
SPOIL(no_stride, m->layers[3].conv.stride.y = 0)
SPOIL(negative_padding, m->layers[3].conv.padding.y = -1)
SPOIL(no_dilation, m->layers[3].conv.dilation.x = 0)
SPOIL(no_weight, mem_free(m->layers[3].conv.weight); m->layers[3].conv.weight = NULL)
SPOIL(much_output_padding, m->layers[7].conv.output_padding.x = 2)
SPOIL(transposed_reflect, m->layers[7].conv.padding_mode = PADDING_REFLECT)
SPOIL(much_pool_padding, m->layers[2].pool.padding.x = 2)
SPOIL(other_unpool, m->layers[4].pool.kernel_size.x = 3)
SPOIL(unpool_no_pool, m->layers[4].others[0] = 1)
SPOIL(unpool_nothing, m->layers[4].other_count = 0)
SPOIL(unpool_other_size, m->layers[3].conv.padding.x = 0)
SPOIL(later_input, m->layers[3].input = 3)
SPOIL(unknown_input, m->layers[3].input = -2)
SPOIL(later_other, m->layers[5].others[0] = 5)
SPOIL(no_other, m->layers[5].other_count = 0)
SPOIL(many_others, m->layers[5].other_count = LAYER_OTHERS_MAX + 1)
SPOIL(add_other_channels, m->layers[5].others[0] = LAYER_INPUT)
SPOIL(add_other_rate, m->layers[5].others[0] = 3)
SPOIL(wrong_prelu, m->layers[6].prelu.num_parameters = 4)
SPOIL(wrong_scale, m->scale = 3)
SPOIL(no_scale, m->scale = 0)
SPOIL(odd_rates, m->layers[7].conv.stride.x = 3)
SPOIL(three_channels, m->color = COLOR_RGB)
SPOIL(two_out, m->layers[7].conv.out_channels = 2)
SPOIL(unknown_kind, m->layers[1].kind = LAYER_KINDS)
SPOIL(model_border_loses, m->border = BORDER_MODEL; m->layers[7].conv.padding.y = 0)
SPOIL(nearest_corners, struct layer *l = &m->layers[1]; l->kind = LAYER_UPSAMPLE;
      l->upsample = (struct upsample_params){{1, 1}, UPSAMPLE_NEAREST, true})
SPOIL(bad_shuffle, m->layers[1].kind = LAYER_PIXEL_SHUFFLE; m->layers[1].upscale_factor = 3)
SPOIL(nan_clamp, m->layers[1].kind = LAYER_CLAMP; m->layers[1].clamp.min = NAN)
SPOIL(nan_slope, m->layers[1].kind = LAYER_LEAKY_RELU; m->layers[1].negative_slope = NAN)
SPOIL(no_layers, m->layer_count = 0)
SPOIL(many_layers, m->layer_count = 4097)
static void huge_halo(struct model *m)
{
    for (int n = 0; n < 5; n++) {
        struct layer *l = build_conv(m, LAYER_CONV2D, 1, 1, 64, 1, 0);
        l->conv.dilation = (struct pair){64, 64};
        l->conv.weight = mem_calloc(64, 64 * sizeof(float));
    }
}

static const struct {
    void (*spoil)(struct model *m);
    enum err_code code;
    const char *sentence; /* how the sentence begins */
} refusals[] = {
    {nothing, ERR_OK, ""},
    {wrong_in, ERR_MODEL, "$.layers[3].in_channels: 8 expected, the channels of its input, not 16"},
    {wrong_groups, ERR_MODEL,
     "$.layers[3].groups: a divisor of in_channels (8) and out_channels (8) expected, not 3"},
    {no_groups, ERR_MODEL, "$.layers[3].groups: 1 to 4096 expected, not 0"},
    {no_kernel, ERR_MODEL, "$.layers[3].kernel_size: 1 to 64 expected, not 0"},
    {no_stride, ERR_MODEL, "$.layers[3].stride: 1 to 16 expected, not 0"},
    {negative_padding, ERR_MODEL, "$.layers[3].padding: 0 to 256 expected, not -1"},
    {no_dilation, ERR_MODEL, "$.layers[3].dilation: 1 to 64 expected, not 0"},
    {no_weight, ERR_MODEL, "$.layers[3].weight: a tensor expected"},
    {much_output_padding, ERR_MODEL, "$.layers[7].output_padding: 0 to 1 expected, not 2"},
    {transposed_reflect, ERR_MODEL, "$.layers[7].padding_mode: \"zeros\" expected"},
    {much_pool_padding, ERR_MODEL, "$.layers[2].padding: 0 to 1 expected, not 2"},
    {other_unpool, ERR_MODEL, "$.layers[4].indices: kernel_size, stride and padding expected"},
    {unpool_no_pool, ERR_MODEL, "$.layers[4].indices: a max_pool2d expected"},
    {unpool_nothing, ERR_MODEL, "$.layers[4].indices: a max_pool2d expected"},
    {unpool_other_size, ERR_MODEL, "$.layers[4].indices: a max_pool2d expected whose output"},
    {later_input, ERR_MODEL, "$.layers[3].input: an earlier layer expected"},
    {unknown_input, ERR_MODEL, "$.layers[3].input: an earlier layer expected"},
    {later_other, ERR_MODEL, "$.layers[5].with: an earlier layer expected"},
    {no_other, ERR_MODEL, "$.layers[5].with: at least one earlier layer expected"},
    {many_others, ERR_MODEL, "$.layers[5].with: at most 8 layers expected, not 9"},
    {add_other_channels, ERR_MODEL, "$.layers[5].with: a layer of 8 channels expected"},
    {add_other_rate, ERR_MODEL, "$.layers[5].with: a layer expected whose height grows"},
    {wrong_prelu, ERR_MODEL, "$.layers[6].num_parameters: 1 or 8 expected"},
    {wrong_scale, ERR_MODEL, "$.scale: 2 expected, because the layers make the height that many"},
    {no_scale, ERR_MODEL, "$.scale: 1 to 8 expected, not 0"},
    {odd_rates, ERR_MODEL, "$.scale: 3 expected, because the layers make the width that many"},
    {three_channels, ERR_MODEL, "$.layers[0].in_channels: 3 expected"},
    {two_out, ERR_MODEL, "$.layers[7]: 1 channels expected from the last layer"},
    {unknown_kind, ERR_MODEL, "$.layers[1].type: a known kind of layer expected"},
    {model_border_loses, ERR_MODEL, "$.border: \"model\" needs layers that pad"},
    {nearest_corners, ERR_MODEL, "$.layers[1].align_corners: false expected"},
    {bad_shuffle, ERR_MODEL, "$.layers[1].upscale_factor: 3 squared does not divide the 8"},
    {nan_clamp, ERR_MODEL, "$.layers[1]: numbers expected for min and max"},
    {nan_slope, ERR_MODEL, "$.layers[1].negative_slope: a finite number expected"},
    {no_layers, ERR_MODEL, "$.layers: at least one layer expected"},
    {many_layers, ERR_MODEL_LIMIT, "$.layers: at most 4096 layers expected, not 4097"},
    {huge_halo, ERR_MODEL_LIMIT, "$.layers[12]: the layers up to this one remove more than 4096"},
};

START_TEST(refusals_name_the_place_and_what_was_expected)
{
    struct err e;
    struct model *m = sound();
    refusals[_i].spoil(m);
    ck_assert_int_eq(finish(m, &e), refusals[_i].code);
    ck_assert_msg(strncmp(e.text, refusals[_i].sentence, strlen(refusals[_i].sentence)) == 0, "%s",
                  e.text);
    if ((unsigned)m->layers[1].kind >= LAYER_KINDS)
        m->layers[1].kind = LAYER_RELU;
    if (m->layer_count == 0 || m->layer_count > 4096)
        m->layer_count = 8;
    model_free(m);
}
END_TEST

START_TEST(limits_are_held)
{
    static const struct {
        struct model_limits limits;
        const char *sentence;
    } cases[] = {
        {{1, 8, 1 << 20, 1e9}, ""},
        {{1, 7, 1 << 20, 1e9}, "$.layers: at most 7 layers"},
        {{1, 8, 80, 1e9}, ""}, /* set below: exactly the values of the model */
        {{1, 8, 79, 1e9},
         "$.layers[0]: this layer brings the model over the limit of 79 parameters"},
        {{1, 8, 1 << 20, 100}, "$.layers: "},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct err e = ERR_INIT;
        struct model *m = sound();
        struct model_limits limits = cases[k].limits;
        if (k == 2)
            limits.max_parameters = 80 + 8 * 8 * 9 + 8 + 8 + 8 * 16 + 1;
        enum err_code rc = model_finish(m, &limits, &e);
        ck_assert_int_eq(rc, *cases[k].sentence ? ERR_MODEL_LIMIT : ERR_OK);
        ck_assert_msg(strncmp(e.text, cases[k].sentence, strlen(cases[k].sentence)) == 0, "%s",
                      e.text);
        if (!rc)
            ck_assert_uint_eq(m->parameters, 80 + 8 * 8 * 9 + 8 + 8 + 8 * 16 + 1);
        model_free(m);
    }
}
END_TEST

/* Puts numbers from the edges of int in every field. There must be an answer, quickly and without
 * overflow (UBSan). */
static void scramble(struct layer *l, uint64_t *seed)
{
    static const int nasty[] = {INT_MIN, -1, 0, 1, 2, 3, 15, 16, 64, 256, 4096, 65536, INT_MAX};
    bool conv = l->kind == LAYER_CONV2D || l->kind == LAYER_CONV_TRANSPOSE2D;
    int *fields = conv ? &l->conv.in_channels : &l->pool.kernel_size.y;
    int count = conv ? 13 : 8;
    for (int n = harness_between(seed, 1, 3); n > 0; n--)
        fields[harness_between(seed, 0, count - 1)] = nasty[harness_between(seed, 0, 12)];
}

START_TEST(extreme_numbers_are_answered)
{
    uint64_t seed = 77;
    for (int n = 0; n < 20000; n++) {
        static const int scrambled[] = {0, 2, 3, 4, 7};
        struct err e;
        struct model *m = sound();
        for (int k = harness_between(&seed, 1, 2); k > 0; k--)
            scramble(&m->layers[scrambled[harness_between(&seed, 0, 4)]], &seed);
        enum err_code rc = finish(m, &e);
        if (rc != ERR_OK && rc != ERR_MODEL && rc != ERR_MODEL_LIMIT)
            ck_abort_msg("code %d: %s", (int)rc, e.text);
        if (rc != ERR_OK && e.text[0] != '$')
            ck_abort_msg("%s", e.text);
        model_free(m);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("geometry");
    TCase *c = tcase_create("geometry");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, known_networks_have_known_geometry);
    tcase_add_test(c, sizes_are_linear_from_least_on);
    tcase_add_test(c, what_sees_the_whole_picture_says_so);
    tcase_add_loop_test(c, refusals_name_the_place_and_what_was_expected, 0,
                        sizeof refusals / sizeof *refusals);
    tcase_add_test(c, limits_are_held);
    tcase_add_test(c, extreme_numbers_are_answered);
    suite_add_tcase(s, c);
    return harness_run(s);
}
