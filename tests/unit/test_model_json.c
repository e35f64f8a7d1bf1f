/* test_model_json.c - checks that what a model file says arrives in the model. Other files test
 * refusals (test_model_json_refuse.c), the files of waifu2x (test_model_json_waifu2x.c) and memory
 * (test_model_json_memory.c). */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/model_text.h"

START_TEST(nested_flat_and_base64_are_the_same_bits)
{
    static const char *const weights[] = {
        "[[[[0.1, -2e-3], [3, 0.30000001192092896]]], [[[1e-45, -0.0], [16777217, 5E+2]]]]",
        "[0.1, -2e-3, 3, 0.30000001192092896, 1e-45, -0.0, 16777217, 5E+2]",
        ("{\"shape\": [2, 1, 2, 2], \"dtype\": \"float32\", \"base64\": "
         "\"zczMPW8SA7sAAEBAmpmZPgEAAAAAAACAAACASwAA+kM=\"}"),
    };
    static const float expected[] = {0.1f,   -2e-3f, 3.0f,        0.30000001192092896f,
                                     1e-45f, -0.0f,  16777216.0f, 500.0f};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        char text[1000];
        snprintf(text, sizeof text,
                 LAYERS("{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 2, "
                        "\"kernel_size\": 2, \"weight\": %s, \"bias\": [1, 2]}, "
                        "{\"type\": \"conv2d\", \"in_channels\": 2, \"out_channels\": 1, "
                        "\"kernel_size\": 1, \"weight\": [[[[1]], [[2]]]]}, " DOUBLE),
                 weights[i]);
        struct model *m = model_loaded(text);
        ck_assert_mem_eq(m->layers[0].conv.weight, expected, sizeof expected);
        ck_assert_float_eq(m->layers[0].conv.bias[1], 2);
        ck_assert_ptr_null(m->layers[1].conv.bias);
        ck_assert_uint_eq(m->parameters, 8 + 2 + 2);
        model_free(m);
    }
}
END_TEST

/* The values: 1, -2, the largest, the smallest normal and subnormal numbers, minus zero, 1/3
 * rounded, 0. */
START_TEST(halves_are_widened_exactly)
{
    static const float want[8] = {1, -2, 65504, 0x1p-14f, 0x1p-24f, -0.0f, 0x1.554p-2f, 0};
    struct model *m = model_loaded(LAYERS(
        "{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 2, \"kernel_size\": 2, "
        "\"weight\": {\"shape\": [2, 1, 2, 2], \"dtype\": \"float16\", "
        "\"base64\": \"ADwAwP97AAQBAACAVTUAAA==\"}},"
        "{\"type\": \"conv2d\", \"in_channels\": 2, \"out_channels\": 1, \"kernel_size\": 1, "
        "\"weight\": [1, 1]}," DOUBLE));
    ck_assert_mem_eq(m->layers[0].conv.weight, want, sizeof want);
    model_free(m);
}
END_TEST

START_TEST(numbers_do_not_depend_on_the_locale)
{
    const char *old = setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* also true without this locale */
    struct model *m = model_loaded(LAYERS("{\"type\": \"prelu\", \"weight\": [1.5]}, " DOUBLE));
    ck_assert_float_eq(m->layers[0].prelu.weight[0], 1.5f);
    model_free(m);
    if (old)
        setlocale(LC_NUMERIC, "C");
}
END_TEST

START_TEST(absent_keys_are_pytorchs_defaults)
{
    struct model *m = model_loaded(LAYERS(
        "{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 4, \"kernel_size\": [3, 5], "
        "\"weight\": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, "
        "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0], \"bias\": null},"
        "{\"type\": \"leaky_relu\"}, {\"type\": \"clamp\", \"max\": 1},"
        "{\"type\": \"conv_transpose2d\", \"in_channels\": 4, \"out_channels\": 1, "
        "\"kernel_size\": 1, \"weight\": [1, 2, 3, 4]},"
        "{\"type\": \"max_pool2d\", \"kernel_size\": 2, \"name\": \"pool\"},"
        "{\"type\": \"max_unpool2d\", \"kernel_size\": [2, 2], \"indices\": \"pool\"}," DOUBLE));
    ck_assert_str_eq(m->name, "stem");
    ck_assert_ptr_null(m->license);
    ck_assert_ptr_null(m->scores_json);
    ck_assert_int_eq(m->border, BORDER_REPLICATE);
    const struct conv_params *c = &m->layers[0].conv;
    ck_assert_int_eq(c->kernel_size.y, 3);
    ck_assert_int_eq(c->kernel_size.x, 5);
    ck_assert_int_eq(c->stride.y, 1);
    ck_assert_int_eq(c->padding.x, 0);
    ck_assert_int_eq(c->dilation.x, 1);
    ck_assert_int_eq(c->groups, 1);
    ck_assert_int_eq(c->padding_mode, PADDING_ZEROS);
    ck_assert_float_eq(m->layers[1].negative_slope, 0.01f);
    ck_assert_float_eq(m->layers[2].clamp.min, -INFINITY);
    ck_assert_float_eq(m->layers[2].clamp.max, 1);
    c = &m->layers[3].conv;
    ck_assert_int_eq(c->stride.x, 1);
    ck_assert_int_eq(c->output_padding.y, 0);
    ck_assert_int_eq(c->dilation.y, 1);
    const struct pool_params *p = &m->layers[4].pool;
    ck_assert_int_eq(p->stride.y, 2);
    ck_assert_int_eq(p->stride.x, 2);
    ck_assert_int_eq(p->dilation.x, 1);
    ck_assert(!p->ceil_mode);
    ck_assert_int_eq(m->layers[5].others[0], 4);
    ck_assert_int_eq(m->layers[6].upsample.mode, UPSAMPLE_NEAREST);
    ck_assert(!m->layers[6].upsample.align_corners);
    model_free(m);
}
END_TEST

START_TEST(every_key_of_convolutions_arrives)
{
    struct model *m = model_loaded(LAYERS(
        "{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 4, \"kernel_size\": [2, 1], "
        "\"stride\": [1, 1], \"padding\": [2, 3], \"dilation\": [4, 5], \"groups\": 1, "
        "\"padding_mode\": \"reflect\", \"weight\": [1, 2, 3, 4, 5, 6, 7, 8]},"
        "{\"type\": \"conv_transpose2d\", \"in_channels\": 4, \"out_channels\": 2, "
        "\"kernel_size\": [1, 2], \"stride\": 2, \"padding\": [1, 0], \"output_padding\": [1, 0], "
        "\"groups\": 2, \"dilation\": [2, 3], \"padding_mode\": \"zeros\", "
        "\"weight\": [1, 2, 3, 4, 5, 6, 7, 8], \"bias\": [9, 10]},"
        "{\"type\": \"conv2d\", \"in_channels\": 2, \"out_channels\": 1, \"kernel_size\": 1, "
        "\"weight\": [[[[1]], [[2]]]]}"));
    const struct conv_params *c = &m->layers[0].conv;
    ck_assert_int_eq(c->padding.y, 2);
    ck_assert_int_eq(c->padding.x, 3);
    ck_assert_int_eq(c->dilation.y, 4);
    ck_assert_int_eq(c->dilation.x, 5);
    ck_assert_int_eq(c->padding_mode, PADDING_REFLECT);
    ck_assert_float_eq(c->weight[7], 8);
    c = &m->layers[1].conv;
    ck_assert_int_eq(c->in_channels, 4);
    ck_assert_int_eq(c->out_channels, 2);
    ck_assert_int_eq(c->kernel_size.x, 2);
    ck_assert_int_eq(c->stride.y, 2);
    ck_assert_int_eq(c->output_padding.y, 1);
    ck_assert_int_eq(c->output_padding.x, 0);
    ck_assert_int_eq(c->dilation.x, 3);
    ck_assert_int_eq(c->groups, 2);
    ck_assert_float_eq(c->bias[1], 10);
    model_free(m);
}
END_TEST

START_TEST(every_key_of_pooling_and_upsampling_arrives)
{
    struct model *m = model_loaded(LAYERS(
        "{\"type\": \"max_pool2d\", \"kernel_size\": [3, 2], \"stride\": [1, 1], "
        "\"padding\": [1, 0], \"dilation\": [2, 3], \"ceil_mode\": true},"
        "{\"type\": \"max_pool2d\", \"kernel_size\": [4, 2], \"stride\": 2, \"padding\": [1, 0], "
        "\"name\": \"p\"},"
        "{\"type\": \"max_unpool2d\", \"kernel_size\": [4, 2], \"stride\": 2, "
        "\"padding\": [1, 0], \"indices\": \"p\"}, "
        "{\"type\": \"upsample\", \"scale_factor\": [2, 2], \"mode\": \"bicubic\", "
        "\"align_corners\": true}"));
    const struct pool_params *p = &m->layers[0].pool;
    ck_assert_int_eq(p->kernel_size.y, 3);
    ck_assert_int_eq(p->stride.x, 1);
    ck_assert_int_eq(p->dilation.x, 3);
    ck_assert(p->ceil_mode);
    p = &m->layers[2].pool;
    ck_assert_int_eq(p->kernel_size.y, 4);
    ck_assert_int_eq(p->kernel_size.x, 2);
    ck_assert_int_eq(p->stride.y, 2);
    ck_assert_int_eq(p->padding.y, 1);
    ck_assert_int_eq(p->padding.x, 0);
    ck_assert_int_eq(m->layers[2].others[0], 1);
    ck_assert_int_eq(m->layers[3].upsample.scale_factor.y, 2);
    ck_assert_int_eq(m->layers[3].upsample.mode, UPSAMPLE_BICUBIC);
    ck_assert(m->layers[3].upsample.align_corners);
    model_free(m);
}
END_TEST

START_TEST(layers_read_the_one_before_or_the_one_they_name)
{
    struct model *m = model_loaded(LAYERS(
        "{\"type\": \"relu\", \"name\": \"a\"}, {\"type\": \"sigmoid\", \"input\": \"input\"}, "
        "{\"type\": \"tanh\", \"name\": \"c.1_x-Y\", \"input\": \"a\"}, "
        "{\"type\": \"add\", \"with\": [\"a\", \"input\", \"c.1_x-Y\"]}, "
        "{\"type\": \"concat\", \"with\": \"input\", \"input\": \"c.1_x-Y\"}, "
        "{\"type\": \"concat\", \"with\": [\"input\", \"input\"]}, "
        "{\"type\": \"pixel_shuffle\", \"upscale_factor\": 2}, "
        "{\"type\": \"pixel_unshuffle\", \"downscale_factor\": 3, \"input\": \"a\"}, "
        "{\"type\": \"pixel_shuffle\", \"upscale_factor\": 3}, "
        "{\"type\": \"upsample\", \"scale_factor\": 2}"));
    static const int inputs[] = {LAYER_INPUT, LAYER_INPUT, 0, 2, 2, 4, 5, 0, 7, 8};
    static const int counts[] = {0, 0, 0, 3, 1, 2, 0, 0, 0, 0};
    for (int i = 0; i < m->layer_count; i++) {
        ck_assert_int_eq(m->layers[i].input, inputs[i]);
        ck_assert_int_eq(m->layers[i].other_count, counts[i]);
    }
    ck_assert_int_eq(m->layers[3].others[0], 0);
    ck_assert_int_eq(m->layers[3].others[1], LAYER_INPUT);
    ck_assert_int_eq(m->layers[3].others[2], 2);
    ck_assert_int_eq(m->layers[6].upscale_factor, 2);
    ck_assert_int_eq(m->layers[7].downscale_factor, 3);
    ck_assert_str_eq(m->layers[2].name, "c.1_x-Y");
    model_free(m);
}
END_TEST

START_TEST(the_head_arrives)
{
    const char *text =
        "{\"layers\": [{\"type\": \"upsample\", \"scale_factor\": 3, \"mode\": \"bilinear\"}], "
        "\"format\": \"upscaled-model/1\", \"name\": \"Photo-2.x_y\", \"scale\": 3, "
        "\"color\": \"rgb\", \"border\": \"wrap\", \"license\": \"MIT\", \"family\": \"photo\", "
        "\"description\": \"T\\u00fcr \\\"weight\\\": [1]\", "
        "\"trained\": { \"steps\" : 27000, \"weight\": [1, 2], \"a\": {\"weight\": [3]} }, "
        "\"scores\": {\"set5\": 37.18, \"n\": null}}";
    struct model *m = model_loaded(text);
    ck_assert_str_eq(m->name, "Photo-2.x_y");
    ck_assert_int_eq(m->scale, 3);
    ck_assert_int_eq(m->color, COLOR_RGB);
    ck_assert_int_eq(m->border, BORDER_WRAP);
    ck_assert_str_eq(m->license, "MIT");
    ck_assert_str_eq(m->family, "photo");
    ck_assert_str_eq(m->description, "T\xc3\xbcr \"weight\": [1]");
    ck_assert_str_eq(m->trained_json, "{\"steps\":27000,\"weight\":[1,2],\"a\":{\"weight\":[3]}}");
    ck_assert_str_eq(m->scores_json, "{\"set5\":37.18,\"n\":null}");
    ck_assert_uint_eq(m->parameters, 0);
    ck_assert_int_eq(m->geometry.in_channels, 3);
    model_free(m);
    m = model_loaded(LAYERS(DOUBLE));
    ck_assert_uint_eq(strlen(m->sha256), 64);
    ck_assert_uint_eq(strspn(m->sha256, "0123456789abcdef"), 64);
    model_free(m);
}
END_TEST

/* A user who converts a network starts from these examples. */
START_TEST(the_examples_of_the_contract_load)
{
    const char *top = getenv("top_srcdir");
    char path[4096];
    size_t length;
    snprintf(path, sizeof path, "%s/weights/FORMAT.md", top ? top : "..");
    char *text = (char *)harness_read(path, &length);
    ck_assert_ptr_nonnull(text);
    text[length - 1] = 0; /* replaces the last newline */
    int examples = 0;
    for (char *at = strstr(text, "```json\n"); at; at = strstr(at, "```json\n")) {
        char *begin = at + strlen("```json\n"), *end = strstr(begin, "```");
        ck_assert_ptr_nonnull(end);
        *end = 0;
        struct model *m = model_loaded(begin);
        ck_assert_int_eq(m->scale, 2);
        model_free(m);
        examples++;
        at = end + 1;
    }
    ck_assert_int_eq(examples, 2);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("model_json");
    TCase *c = tcase_create("model_json");
    tcase_add_test(c, nested_flat_and_base64_are_the_same_bits);
    tcase_add_test(c, halves_are_widened_exactly);
    tcase_add_test(c, numbers_do_not_depend_on_the_locale);
    tcase_add_test(c, absent_keys_are_pytorchs_defaults);
    tcase_add_test(c, every_key_of_convolutions_arrives);
    tcase_add_test(c, every_key_of_pooling_and_upsampling_arrives);
    tcase_add_test(c, layers_read_the_one_before_or_the_one_they_name);
    tcase_add_test(c, the_head_arrives);
    tcase_add_test(c, the_examples_of_the_contract_load);
    suite_add_tcase(s, c);
    return harness_run(s);
}
