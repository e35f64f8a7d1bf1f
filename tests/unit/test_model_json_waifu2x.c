/* test_model_json_waifu2x.c - waifu2x's own JSON: a real file, small ones, and refusals. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/model_text.h"

/* Parts of a layer in waifu2x's JSON: planes, class and strides, and what follows. */
#define PLAIN "\"nInputPlane\": 1, \"nOutputPlane\": 1, \"kW\": 1, \"kH\": 1"
#define ONE "\"weight\": [1], \"bias\": [0]"
#define FULL "\"class_name\": \"nn.SpatialFullConvolution\""

static const struct refusal waifu2x[] = {
    {"[]", ERR_MODEL, "stem: $: at least one layer expected"},
    {"[1]", ERR_MODEL, "stem: $[0]: an object expected, not 1"},
    {"[{" ONE "}]", ERR_MODEL, "$[0].kW: a layer needs this key"},
    {"[{" PLAIN "}]", ERR_MODEL, "$[0].weight: a layer needs this key"},
    {"[{" PLAIN ", \"weight\": [1]}]", ERR_MODEL, "$[0].bias: a layer needs this key"},
    {"[{" PLAIN ", " ONE ", \"adjW\": 1}]", ERR_MODEL, "$[0].adjW: waifu2x's JSON has no such key"},
    {"[{" PLAIN ", \"class_name\": \"nn.Linear\"}]", ERR_MODEL,
     "$[0].class_name: one of \"nn.SpatialConvolutionMM\", "},
    {"[{" PLAIN ", " ONE ", \"padW\": 1}]", ERR_MODEL,
     "$[0].padW: 0 expected (convolutions do not pad), not 1"},
    {"[{" PLAIN ", " ONE ", \"padH\": 2}]", ERR_MODEL, "$[0].padH: 0 expected"},
    {"[{" PLAIN ", " ONE ", \"dW\": 2}]", ERR_MODEL, "$[0].dW: 1 expected, not 2"},
    {"[{" PLAIN ", " ONE ", \"dilationH\": 2}]", ERR_MODEL, "$[0].dilationH: 1 expected, not 2"},
    {"[{" PLAIN ", " ONE ", \"dH\": 1, " FULL "}]", ERR_MODEL, "$[0].dW: 2 expected, not 1"},
    {"[{" PLAIN ", " ONE ", \"dW\": 2, \"dH\": 2, " FULL "}, {" PLAIN ", " ONE "}]", ERR_MODEL,
     "$[0].class_name: \"nn.SpatialConvolutionMM\" expected, not \"nn.SpatialFullConvolution\": "
     "vgg_7 has"},
    {"[{" PLAIN ", " ONE "}, {\"nInputPlane\": 2, \"nOutputPlane\": 1, \"kW\": 1, \"kH\": 1, "
     "\"weight\": [1, 2], \"bias\": [0]}]",
     ERR_MODEL, "$[1].nInputPlane: 1 expected, the planes of the layer before, not 2"},
    {"[{\"nInputPlane\": 1, \"nOutputPlane\": 2, \"kW\": 1, \"kH\": 1, \"weight\": [1, 2], "
     "\"bias\": [0, 0]}]",
     ERR_MODEL, "$[0].nOutputPlane: 1 expected, as many as the first layer takes, not 2"},
    {"[{\"nInputPlane\": 2, \"nOutputPlane\": 2, \"kW\": 1, \"kH\": 1, \"weight\": [1, 2, 3, 4], "
     "\"bias\": [0, 0]}]",
     ERR_MODEL, "$[0].nInputPlane: 1 or 3 expected, not 2"},
    {"[{\"nInputPlane\": 1, \"nOutputPlane\": 1, \"kW\": 1, \"kH\": 2, \"weight\": [[[[1, 2]]]], "
     "\"bias\": [0]}]",
     ERR_MODEL, "$[0].weight: shape [1, 1, 2, 1] expected, found [1, 1, 1, 2]"},
    {"[{" PLAIN ", " ONE ", \"model_config\": 1}]", ERR_MODEL, "$[0].model_config: an object"},
    {"[{" PLAIN ", " ONE ", \"model_config\": {}}]", ERR_MODEL, "$[0].model_config.arch_name: "},
    {"[{" PLAIN ", " ONE ", \"model_config\": {\"arch_name\": \"upcunet\"}}]", ERR_MODEL,
     "$[0].model_config.arch_name: one of \"vgg_7\", \"upconv_7\" expected, not \"upcunet\""},
    {"[{" PLAIN ", " ONE ", \"model_config\": {\"arch_name\": \"upconv_7\"}}]", ERR_MODEL,
     "$[0].class_name: \"nn.SpatialFullConvolution\" expected"},
    {"[{" PLAIN ", " ONE ", \"model_config\": {\"arch_name\": \"vgg_7\", \"scale_factor\": 2}}]",
     ERR_MODEL, "$[0].model_config.scale_factor: 1 expected, not 2"},
    {"[{" PLAIN ", " ONE ", \"model_config\": {\"arch_name\": \"vgg_7\", \"channels\": 3}}]",
     ERR_MODEL, "$[0].model_config.channels: 1 expected, the nInputPlane, not 3"},
    {"[{" PLAIN ", " ONE ", \"model_config\": {\"arch_name\": \"vgg_7\", \"offset\": 7}}]",
     ERR_MODEL, "$[0].model_config.offset: 0 expected, as much as these layers crop, not 7"},
    {"[{" PLAIN ", " ONE ", \"model_config\": {\"arch_name\": \"vgg_7\", \"gcn\": 7}}]", ERR_MODEL,
     "$[0].model_config.gcn: waifu2x's JSON has no such key"},
    {"[{" PLAIN ", " ONE "}, {" PLAIN ", " ONE ", \"model_config\": {}}]", ERR_MODEL,
     "$[1].model_config: expected in the first layer only"},
    {"[{\"nInputPlane\": 1, \"nOutputPlane\": 1, \"kW\": 65, \"kH\": 1, \"weight\": "
     "[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
     "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0], \"bias\": [0]}]",
     ERR_MODEL, "stem: read as upscaled-model/1, $.layers[1].kernel_size: "},
};

START_TEST(refuses)
{
    model_refused(&waifu2x[_i]);
}
END_TEST

#define VGG                                                                                        \
    "{\"nInputPlane\": 1, \"nOutputPlane\": 2, \"kW\": 3, \"kH\": 1, \"weight\": "                 \
    "[[[[1, 2, 3]]], [[[4, 5, 6]]]], \"bias\": [7, 8]%s}, {\"class_name\": "                       \
    "\"nn.SpatialConvolutionMM\", \"nInputPlane\": 2, \"nOutputPlane\": 1, \"kW\": 1, "            \
    "\"kH\": 3, \"dW\": 1, \"dH\": 1, \"padW\": 0, \"padH\": 0, \"weight\": "                      \
    "[[[[1], [2], [3]], [[4], [5], [6]]]], \"bias\": [0]}"

START_TEST(old_waifu2x_files_are_vgg_7)
{
    static const char *const configs[] = {
        "", ", \"model_config\": {\"arch_name\": \"vgg_7\", \"offset\": 1, \"scale_factor\": 1, "
            "\"resize\": false, \"channels\": 1, \"created_at\": \"2016\"}"};
    for (int i = 0; i < 2; i++) {
        char text[1000];
        snprintf(text, sizeof text, " \n[" VGG "]", configs[i]);
        struct model *m = model_loaded(text);
        static const enum layer_kind kinds[] = {LAYER_UPSAMPLE, LAYER_CONV2D, LAYER_LEAKY_RELU,
                                                LAYER_CONV2D, LAYER_CLAMP};
        ck_assert_int_eq(m->layer_count, 5);
        for (int k = 0; k < 5; k++) {
            ck_assert_int_eq(m->layers[k].kind, kinds[k]);
            ck_assert_int_eq(m->layers[k].input, k - 1);
        }
        ck_assert_int_eq(m->layers[0].upsample.scale_factor.y, 2);
        ck_assert_int_eq(m->layers[0].upsample.mode, UPSAMPLE_NEAREST);
        ck_assert_int_eq(m->layers[1].conv.kernel_size.x, 3);
        ck_assert_int_eq(m->layers[1].conv.kernel_size.y, 1);
        ck_assert_float_eq(m->layers[1].conv.weight[4], 5);
        ck_assert_float_eq(m->layers[2].negative_slope, 0.1f);
        ck_assert_float_eq(m->layers[4].clamp.min, 0);
        ck_assert_float_eq(m->layers[4].clamp.max, 1);
        ck_assert_str_eq(m->name, "stem");
        ck_assert_int_eq(m->scale, 2);
        ck_assert_int_eq(m->color, COLOR_Y);
        ck_assert_int_eq(m->geometry.crop.x, 1);
        model_free(m);
    }
}
END_TEST

START_TEST(a_real_waifu2x_file_loads)
{
    size_t length;
    uint8_t *bytes = harness_read(harness_data("waifu2x/up_photo_scale2x.json"), &length);
    struct err e = ERR_INIT;
    struct model *m = NULL;
    ck_assert_ptr_nonnull(bytes);
    enum err_code rc = model_read(&(struct model_file){"up_photo_scale2x", bytes, length, NULL},
                                  &model_default_limits, &m, &e);
    ck_assert_msg(rc == ERR_OK, "%s", e.text);
    free(bytes);
    ck_assert_str_eq(m->name, "up_photo_scale2x");
    ck_assert_int_eq(m->layer_count, 14); /* 7 convolutions, 6 LeakyReLU, 1 clamp */
    ck_assert_int_eq(m->scale, 2);
    ck_assert_int_eq(m->geometry.halo, 7);
    ck_assert_int_eq(m->geometry.crop.y, 14);
    ck_assert_int_eq(m->geometry.crop.x, 14);
    ck_assert_int_eq(m->geometry.in_channels, 3);
    ck_assert_int_eq(m->geometry.out_channels, 3);
    ck_assert_uint_eq(m->parameters, 552483);
    const struct layer *l = &m->layers[12];
    ck_assert_int_eq(l->kind, LAYER_CONV_TRANSPOSE2D);
    ck_assert_int_eq(l->conv.in_channels, 256);
    ck_assert_int_eq(l->conv.padding.y, 3);
    ck_assert_int_eq(m->layers[13].kind, LAYER_CLAMP);
    ck_assert_float_eq(m->layers[0].conv.weight[0], 0.00961586181f);
    ck_assert_float_eq(m->layers[0].conv.bias[15], 0.0161783639f);
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("model_json_waifu2x");
    TCase *c = tcase_create("model_json_waifu2x");
    tcase_add_loop_test(c, refuses, 0, (int)(sizeof waifu2x / sizeof *waifu2x));
    tcase_add_test(c, old_waifu2x_files_are_vgg_7);
    if (harness_data("waifu2x/up_photo_scale2x.json"))
        tcase_add_test(c, a_real_waifu2x_file_loads);
    else
        harness_left_out(1, "a_real_waifu2x_file_loads", "the test data has no waifu2x model");
    suite_add_tcase(s, c);
    return harness_run(s);
}
