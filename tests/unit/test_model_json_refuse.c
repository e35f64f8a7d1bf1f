/* test_model_json_refuse.c - model files that are refused: with which code and which sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/model_text.h"

#define CONV(more)                                                                                 \
    SECOND("{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 1, " more "}")
/* the weights of a 2x2 convolution 1 -> 2 */
#define WEIGHT(value)                                                                              \
    SECOND("{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 2, \"kernel_size\": 2, "  \
           "\"weight\": " value "}")
#define BASE64(shape, dtype, base64)                                                               \
    WEIGHT("{\"shape\": " shape ", \"dtype\": " dtype ", \"base64\": " base64 "}")
#define EIGHT "\"AACAPwAAgD8AAIA/AACAPwAAgD8AAIA/AACAPwAAgD8=\""

static const struct refusal not_json[] = {
    {"", ERR_MODEL_JSON, "stem: line 1 column 1: a JSON object or list expected, not an empty"},
    {"not json", ERR_MODEL_JSON, "stem: line 1 column 3: '[' or '{' expected"},
    {"42", ERR_MODEL_JSON, "'[' or '{' expected"},
    {"\x89PNG\r\n\x1a\n", ERR_MODEL_JSON, "line 1 column 1"},
    {HEAD "\n\n  \"layers\": [}", ERR_MODEL_JSON, "stem: line 3 column 14: "},
    {"{\"a\": 1,\n \"a\": 2}", ERR_MODEL_JSON, "stem: line 2 column 4: duplicate object key"},
    {LAYERS(RELU "") " x", ERR_MODEL_JSON, "end of file expected"},
    {HEAD "\"layers\": [{\"type\": \"prelu\",\n\"weight\": [1, 2,\n3], x}]}", ERR_MODEL_JSON,
     "stem: line 3 column 5: "},
    {HEAD "\"layers\": [{\"type\": \"prelu\", \"weight\": [1, 2", ERR_MODEL_JSON,
     "'}' expected near end of file"},
    {HEAD "\"layers\": [{\"type\": \"prelu\", \"weight\": [1, \"2", ERR_MODEL_JSON,
     "'}' expected near end of file"},
    {HEAD "\"license\": \"\xff\"}", ERR_MODEL_JSON, "line 1 column"},
    {HEAD "\"license\": \"a\\u0000b\"}", ERR_MODEL_JSON, "line 1 column"},
    {SECOND("{\"type\": \"prelu\", \"weight\": [1], \"weight\": [1]}"), ERR_MODEL_JSON,
     "duplicate object key"},
    {SECOND("{\"type\": \"prelu\", \"w\\u0065ight\": [1]}"), ERR_MODEL_JSON,
     "a key without escapes expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, 08]"), ERR_MODEL_JSON, "a number or a list expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, .5]"), ERR_MODEL_JSON, "a number or a list expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, 5.]"), ERR_MODEL_JSON, "a number or a list expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, +5]"), ERR_MODEL_JSON, "a number or a list expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, 1e]"), ERR_MODEL_JSON, "a number or a list expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, 0x1]"), ERR_MODEL_JSON, "',' or ']' expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7 8, 9]"), ERR_MODEL_JSON, "',' or ']' expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, ]"), ERR_MODEL_JSON, "a number or a list expected"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, 8}"), ERR_MODEL_JSON, "',' or ']' expected"},
};

static const struct refusal heads[] = {
    {"{}", ERR_MODEL, "stem: $.format: a model needs this key, and it is missing"},
    {"{\"format\": \"upscaled-model/2\", \"x\": 1}", ERR_MODEL,
     "$.format: \"upscaled-model/1\" expected, not \"upscaled-model/2\""},
    {HEAD "\"Layers\": []}", ERR_MODEL, "stem: $.Layers: a model has no such key"},
    {FORMAT "\"color\": \"y\", \"layers\": []}", ERR_MODEL, "$.scale: a model needs this key"},
    {FORMAT "\"scale\": 2, \"layers\": []}", ERR_MODEL, "$.color: a model needs this key"},
    {HEAD "\"name\": \"x\"}", ERR_MODEL, "$.layers: a model needs this key"},
    {FORMAT "\"scale\": 2.0, \"color\": \"y\", \"layers\": []}", ERR_MODEL,
     "$.scale: a whole number from 1 expected, not 2"},
    {FORMAT "\"scale\": \"2\", \"color\": \"y\", \"layers\": []}", ERR_MODEL, "not \"2\""},
    {FORMAT "\"scale\": 99999999999, \"color\": \"y\", \"layers\": []}", ERR_MODEL,
     "not 99999999999"},
    {FORMAT "\"scale\": 9, \"color\": \"y\", \"layers\": [" DOUBLE "]}", ERR_MODEL,
     "stem: $.scale: "},
    {FORMAT "\"scale\": 3, \"color\": \"y\", \"layers\": [" DOUBLE "]}", ERR_MODEL,
     "stem: $.scale: 2 expected"},
    {FORMAT "\"scale\": 2, \"color\": \"gray\", \"layers\": []}", ERR_MODEL,
     "$.color: one of \"y\", \"rgb\" expected, not \"gray\""},
    {HEAD "\"border\": \"mirror\", \"layers\": []}", ERR_MODEL,
     "$.border: one of \"replicate\", \"reflect\", \"wrap\", \"zero\", \"model\" expected"},
    {HEAD "\"name\": \"two words\", \"layers\": []}", ERR_MODEL,
     "$.name: a name of 1 to 64 of A-Z a-z 0-9 . _ - expected, not \"two words\""},
    {HEAD "\"name\": \"..\", \"layers\": []}", ERR_MODEL, "$.name: "},
    {HEAD "\"name\": \"\", \"layers\": []}", ERR_MODEL, "$.name: "},
    {HEAD "\"name\": null, \"layers\": []}", ERR_MODEL, "$.name: "},
    {HEAD "\"family\": \"two words\", \"layers\": []}", ERR_MODEL, "$.family: "},
    {HEAD "\"name\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
     ERR_MODEL, "$.name: "},
    {HEAD "\"license\": 1, \"layers\": []}", ERR_MODEL, "$.license: a text of at most 4096 bytes"},
    {HEAD "\"trained\": [1], \"layers\": []}", ERR_MODEL,
     "$.trained: an object expected, not a list"},
    {HEAD "\"scores\": 37.5, \"layers\": []}", ERR_MODEL, "$.scores: an object expected, not 37.5"},
    {HEAD "\"layers\": {}}", ERR_MODEL, "$.layers: a list of at least one layer expected"},
    {HEAD "\"layers\": []}", ERR_MODEL, "$.layers: a list of at least one layer expected"},
};

static const struct refusal layers[] = {
    {LAYERS("1"), ERR_MODEL, "stem: $.layers[0]: an object expected, not 1"},
    {SECOND("{}"), ERR_MODEL, "$.layers[1].type: a layer needs its type, and it is missing"},
    {SECOND("{\"type\": \"softplus\"}"), ERR_MODEL,
     "$.layers[1].type: \"softplus\" is no type of layer"},
    {SECOND("{\"type\": 3}"), ERR_MODEL, "$.layers[1].type: "},
    {SECOND("{\"type\": \"relu\", \"inplace\": true}"), ERR_MODEL,
     "stem: $.layers[1].inplace: relu has no such key; it has name, input"},
    {SECOND("{\"type\": \"relu\", \"weight\": [1]}"), ERR_MODEL, "$.layers[1].weight: relu has no"},
    {SECOND("{\"type\": \"relu\", \"a\\nb\\u00e9\": 1}"), ERR_MODEL_JSON, "without escapes"},
    {CONV("\"kernel\": 3"), ERR_MODEL, "$.layers[1].kernel: conv2d has no such key; it has in_ch"},
    {CONV("\"weight\": [1]"), ERR_MODEL,
     "$.layers[1].kernel_size: conv2d needs this key, and it is missing"},
    {CONV("\"kernel_size\": 1"), ERR_MODEL, "$.layers[1].weight: conv2d needs this key"},
    {CONV("\"kernel_size\": 0"), ERR_MODEL,
     "$.layers[1].kernel_size: a whole number from 1 or a list [y, x] of two expected, not 0"},
    {CONV("\"kernel_size\": [3]"), ERR_MODEL, "$.layers[1].kernel_size: "},
    {CONV("\"kernel_size\": [3, 3, 3]"), ERR_MODEL, "$.layers[1].kernel_size: "},
    {CONV("\"kernel_size\": [3, 1.5]"), ERR_MODEL, "of two expected, not 1.5"},
    {CONV("\"kernel_size\": 1, \"padding\": \"same\""), ERR_MODEL,
     "$.layers[1].padding: a whole number from 0 or a list [y, x] of two expected, not \"same\""},
    {CONV("\"kernel_size\": 1, \"padding\": -1"), ERR_MODEL, "$.layers[1].padding: "},
    {CONV("\"kernel_size\": 1, \"padding_mode\": \"mirror\", \"weight\": [1]"), ERR_MODEL,
     "$.layers[1].padding_mode: one of \"zeros\", \"replicate\", \"reflect\", \"circular\""},
    {CONV("\"kernel_size\": 1, \"groups\": 2, \"weight\": [1]"), ERR_MODEL,
     "$.layers[1].groups: a divisor of in_channels (1) and out_channels (1) expected, not 2"},
    {CONV("\"kernel_size\": 1, \"groups\": 0, \"weight\": [1]"), ERR_MODEL, "[1].groups: a whole"},
    {CONV("\"kernel_size\": 1, \"weight\": [1], \"bias\": true"), ERR_MODEL,
     "$.layers[1].bias: a tensor expected (a list of numbers, or an object with base64), not true"},
    {CONV("\"kernel_size\": 1, \"weight\": [1], \"bias\": [1, 2]"), ERR_MODEL,
     "$.layers[1].bias: shape [1] expected, found [2]"},
    {CONV("\"kernel_size\": 65, \"weight\": [1]"), ERR_MODEL, "shape [1, 1, 65, 65] expected"},
    {CONV("\"kernel_size\": 1, \"stride\": 0, \"weight\": [1]"), ERR_MODEL, "$.layers[1].stride: "},
    {CONV("\"kernel_size\": 1, \"stride\": 17, \"weight\": [1]"), ERR_MODEL,
     "stem: $.layers[1].stride: "},
    {SECOND("{\"type\": \"conv_transpose2d\", \"in_channels\": 1, \"out_channels\": 1, "
            "\"kernel_size\": 1, \"padding_mode\": \"reflect\", \"weight\": [1]}"),
     ERR_MODEL, "$.layers[1].padding_mode: \"zeros\" expected, not \"reflect\""},
    {SECOND("{\"type\": \"conv_transpose2d\", \"in_channels\": 1, \"out_channels\": 1, "
            "\"kernel_size\": 1, \"output_padding\": 1, \"weight\": [1]}"),
     ERR_MODEL, "stem: $.layers[1].output_padding: "},
    {SECOND("{\"type\": \"conv2d\", \"in_channels\": 2, \"out_channels\": 1, \"kernel_size\": 1, "
            "\"weight\": [1, 2]}"),
     ERR_MODEL, "stem: $.layers[1].in_channels: 1 expected"},
    {LAYERS("{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 2, \"kernel_size\": 1, "
            "\"weight\": [1, 2]}, " DOUBLE),
     ERR_MODEL, "stem: $.layers[1]: 1 channels expected from the last layer"},
    {SECOND("{\"type\": \"leaky_relu\", \"negative_slope\": 1e39}"), ERR_MODEL,
     "$.layers[1].negative_slope: a number that float32 can hold expected, not 1e+39"},
    {SECOND("{\"type\": \"leaky_relu\", \"negative_slope\": \"0.1\"}"), ERR_MODEL, "not \"0.1\""},
    {SECOND("{\"type\": \"prelu\"}"), ERR_MODEL, "$.layers[1].weight: prelu needs this key"},
    {SECOND("{\"type\": \"prelu\", \"weight\": 0.25}"), ERR_MODEL, "a tensor expected"},
    {SECOND("{\"type\": \"prelu\", \"weight\": []}"), ERR_MODEL,
     "$.layers[1].weight: 1 to 4096 numbers expected, not 0"},
    {SECOND("{\"type\": \"prelu\", \"weight\": [1, 2]}"), ERR_MODEL, "stem: $.layers[1]."},
    {SECOND("{\"type\": \"prelu\", \"weight\": [[1]]}"), ERR_MODEL,
     "$.layers[1].weight: shape [1] expected, found [1, 1]"},
    {SECOND("{\"type\": \"clamp\", \"min\": null}"), ERR_MODEL, "$.layers[1].min: "},
    {SECOND("{\"type\": \"pixel_shuffle\", \"upscale_factor\": [2, 2]}"), ERR_MODEL,
     "$.layers[1].upscale_factor: a whole number from 1 expected, not a list"},
    {SECOND("{\"type\": \"pixel_shuffle\", \"upscale_factor\": 2}"), ERR_MODEL,
     "stem: $.layers[1]"},
    {SECOND("{\"type\": \"pixel_unshuffle\"}"), ERR_MODEL,
     "$.layers[1].downscale_factor: pixel_unshuffle needs this key"},
    {SECOND("{\"type\": \"pixel_unshuffle\", \"downscale_factor\": 17}"), ERR_MODEL,
     "$.layers[1].downscale_factor: 1 to 16 expected, not 17"},
    {SECOND("{\"type\": \"pixel_unshuffle\", \"downscale_factor\": 2}"), ERR_MODEL,
     "stem: $.layers[2]: 1 channels expected from the last layer"},
    {SECOND("{\"type\": \"upsample\", \"scale_factor\": 1.5}"), ERR_MODEL,
     "$.layers[1].scale_factor: a whole number from 1 or a list [y, x] of two expected, not 1.5"},
    {SECOND("{\"type\": \"upsample\", \"scale_factor\": 2, \"mode\": \"linear\"}"), ERR_MODEL,
     "$.layers[1].mode: one of \"nearest\", \"bilinear\", \"bicubic\" expected, not \"linear\""},
    {SECOND("{\"type\": \"upsample\", \"scale_factor\": 2, \"align_corners\": 1}"), ERR_MODEL,
     "$.layers[1].align_corners: true or false expected, not 1"},
    {SECOND("{\"type\": \"upsample\", \"scale_factor\": 2, \"align_corners\": true}"), ERR_MODEL,
     "stem: $.layers[1].align_corners: "},
    {SECOND("{\"type\": \"upsample\", \"scale_factor\": [1, 3]}"), ERR_MODEL, "stem: $.scale: "},
    {SECOND("{\"type\": \"max_pool2d\", \"kernel_size\": 2, \"padding\": 2}"), ERR_MODEL,
     "stem: $.layers[1].padding: "},
    {SECOND("{\"type\": \"max_unpool2d\", \"kernel_size\": 2}"), ERR_MODEL,
     "$.layers[1].indices: max_unpool2d needs this key"},
};

static const struct refusal names[] = {
    {SECOND("{\"type\": \"relu\", \"name\": \"a b\"}"), ERR_MODEL, "$.layers[1].name: a name of"},
    {SECOND("{\"type\": \"relu\", \"name\": \"input\"}"), ERR_MODEL, "$.layers[1].name: another"},
    {LAYERS(
         "{\"type\": \"relu\", \"name\": \"a\"}, {\"type\": \"relu\", \"name\": \"a\"}, " DOUBLE),
     ERR_MODEL, "$.layers[1].name: another name expected, because $.layers[0] has the name \"a\""},
    {SECOND("{\"type\": \"relu\", \"input\": \"nobody\"}"), ERR_MODEL,
     "$.layers[1].input: the name of an earlier layer or \"input\" expected, not \"nobody\""},
    {SECOND("{\"type\": \"relu\", \"name\": \"me\", \"input\": \"me\"}"), ERR_MODEL,
     "$.layers[1].input: "},
    {SECOND("{\"type\": \"relu\", \"input\": 0}"), ERR_MODEL, "[1].input: the name of an earlier"},
    {SECOND("{\"type\": \"add\"}"), ERR_MODEL, "$.layers[1].with: add needs this key"},
    {SECOND("{\"type\": \"add\", \"with\": []}"), ERR_MODEL,
     "$.layers[1].with: 1 to 8 names expected, not 0"},
    {SECOND("{\"type\": \"add\", \"with\": [\"input\", \"later\"]}, "
            "{\"type\": \"relu\", \"name\": \"later\"}"),
     ERR_MODEL, "$.layers[1].with[1]: the name of an earlier layer or"},
    {SECOND("{\"type\": \"concat\", \"with\": [\"input\", \"input\", \"input\", \"input\", "
            "\"input\", \"input\", \"input\", \"input\", \"input\"]}"),
     ERR_MODEL, "1 to 8 names expected, not 9"},
    {SECOND("{\"type\": \"max_unpool2d\", \"kernel_size\": 2, \"indices\": [\"input\"]}"),
     ERR_MODEL, "$.layers[1].indices: the name of an earlier layer or \"input\" expected, not a"},
    {SECOND("{\"type\": \"max_unpool2d\", \"kernel_size\": 2, \"indices\": \"input\"}"), ERR_MODEL,
     "stem: $.layers[1].indices: a max_pool2d expected"},
    {LAYERS(
         "{\"type\": \"relu\", \"name\": \"r\"}, {\"type\": \"max_unpool2d\", \"kernel_size\": 2, "
         "\"indices\": \"r\"}, " DOUBLE),
     ERR_MODEL, "stem: $.layers[1].indices: a max_pool2d expected"},
};

static const struct refusal tensors[] = {
    {WEIGHT("[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]"), ERR_MODEL,
     "stem: $.layers[1].weight: shape [2, 1, 2, 2] expected, found [2, 2, 2]"},
    {WEIGHT("[[[[1, 2], [3, 4]]]]"), ERR_MODEL, "found [1, 1, 2, 2]"},
    {WEIGHT("[[[[[[[[[[1]]]]]]]]]]"), ERR_MODEL, "found [1, 1, 1, 1, 1, 1, 1, 1]"},
    {WEIGHT("[]"), ERR_MODEL, "shape [2, 1, 2, 2] expected, found [0]"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7]"), ERR_MODEL, "shape [2, 1, 2, 2] expected, found [7]"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, 8, 9]"), ERR_MODEL, "found [9]"},
    {WEIGHT("[[[[1, 2], [3, 4]]], [[[5, 6], [7]]]]"), ERR_MODEL,
     "stem: $.layers[1].weight[1][0][1]: 2 numbers expected, found 1"},
    {WEIGHT("[[[[1, 2], [3, 4]]], [[[5, 6], [7, 8, 9]]]]"), ERR_MODEL,
     "$.layers[1].weight[1][0][1]: 2 numbers expected, found 3"},
    {WEIGHT("[[[[1, 2], [3, 4]]], [[[5, 6]]]]"), ERR_MODEL,
     "$.layers[1].weight[1][0]: 2 lists expected, found 1"},
    {WEIGHT("[[[[1, 2], [3, 4]]], [[[5, 6], 7]]]"), ERR_MODEL,
     "$.layers[1].weight[1][0][1]: a list expected, not a number"},
    {WEIGHT("[[[[1, 2], [3, 4]]], [[[5, 6], [7, [8]]]]]"), ERR_MODEL,
     "$.layers[1].weight[1][0][1][1]: a finite number expected, not a list"},
    {WEIGHT("[1, 2, 3, 4, 5, 6, 7, \"8\"]"), ERR_MODEL,
     "$.layers[1].weight[7]: a finite number expected, not a text"},
    {WEIGHT("[1, 2, 3, null, 5, 6, 7, 8]"), ERR_MODEL,
     "weight[3]: a finite number expected, not n"},
    {WEIGHT("[1, 2, {\"a\": [1, 2]}, 4, 5, 6, 7, 8]"), ERR_MODEL, "weight[2]: "},
    {WEIGHT("[1, 2, 3, NaN, 5, 6, 7, 8]"), ERR_MODEL,
     "$.layers[1].weight[3]: a finite number expected, not NaN"},
    {WEIGHT("[1, 2, 3, -Infinity, 5, 6, 7, 8]"), ERR_MODEL, "expected, not -Infinity"},
    {WEIGHT("[1, 2, 3, 1e39, 5, 6, 7, 8]"), ERR_MODEL,
     "$.layers[1].weight[3]: a number that float32 can hold expected, not 1e39"},
    {WEIGHT("[1, 2, 3, -1e999, 5, 6, 7, 8]"), ERR_MODEL, "float32 can hold expected, not -1e999"},
    {WEIGHT("[1, 2, 3, 0.111111111111111111111111111111111111111111111111111111111111111111111111"
            "11111111111111111111111111111111111111111111111111111111111111111111, 5, 6, 7, 8]"),
     ERR_MODEL, "$.layers[1].weight[3]: a number of at most 127 characters expected"},
    {WEIGHT("\"AACAPw==\""), ERR_MODEL, "a tensor expected"},
    {WEIGHT("null"), ERR_MODEL, "$.layers[1].weight: a tensor expected"},
    {WEIGHT("{}"), ERR_MODEL,
     "$.layers[1].weight: an object of \"shape\", \"dtype\" and \"base64\" expected"},
    {WEIGHT("{\"shape\": [2, 1, 2, 2], \"dtype\": \"float32\", \"base64\": " EIGHT ", \"x\": 1}"),
     ERR_MODEL, "an object of \"shape\", \"dtype\" and \"base64\" expected"},
    {BASE64("[2, 1, 2, 2]", "\"float64\"", EIGHT), ERR_MODEL,
     "$.layers[1].weight: \"float32\" or \"float16\" expected as \"dtype\", not \"float64\""},
    {BASE64("[2, 1, 2, 2]", "\"float16\"", EIGHT), ERR_MODEL,
     "$.layers[1].weight: base64 of 8 float16 expected (24 characters with padding), found 44"},
    {BASE64("[2, 1, 2, 2]", "\"float16\"", "\"AHwAAAAAAAAAAAAAAAAAAA==\""), ERR_MODEL,
     "$.layers[1].weight: finite numbers expected"},
    {BASE64("[8]", "\"float32\"", EIGHT), ERR_MODEL,
     "$.layers[1].weight: shape [2, 1, 2, 2] expected, found [8]"},
    {BASE64("[2, 1, 2, -2]", "\"float32\"", EIGHT), ERR_MODEL, "a \"shape\" of whole numbers"},
    {BASE64("8", "\"float32\"", EIGHT), ERR_MODEL, "a \"shape\" of whole numbers"},
    {BASE64("[2, 1, 2, 2]", "\"float32\"", "\"AACAPw==\""), ERR_MODEL,
     "base64 of 8 float32 expected (44 characters with padding), found 8 characters"},
    {BASE64("[2, 1, 2, 2]", "\"float32\"", "\"AACAPw\""), ERR_MODEL, "base64 of 8 float32"},
    {BASE64("[2, 1, 2, 2]", "\"float32\"", "\"AACAPwAAgD8AAIA/ACCAPwAAgD8AAI_/AACAPwAAgD8=\""),
     ERR_MODEL, "plain base64 expected; its character 31 is not allowed there"},
    {BASE64("[2, 1, 2, 2]", "\"float32\"", "\"AACAPwAAgD8AAIA/AACAfwAAgD8AAIA/AACAPwAAgD8=\""),
     ERR_MODEL, "$.layers[1].weight: finite numbers expected"},
    {BASE64("[2, 1, 2, 2]", "\"float32\"", "[0]"), ERR_MODEL, "a text expected as \"base64\""},
    {BASE64("[2, 1, 2, 2]", "\"float32\"", "7"), ERR_MODEL, "an object of \"shape\", \"dtype\""},
};

#define REFUSES(table)                                                                             \
    START_TEST(refuses_##table)                                                                    \
    {                                                                                              \
        model_refused(&table[_i]);                                                                 \
    }                                                                                              \
    END_TEST
REFUSES(not_json)
REFUSES(heads)
REFUSES(layers)
REFUSES(names)
REFUSES(tensors)

static const struct {
    struct model_limits limits;
    const char *text, *option, *says;
} limited[] = {
    {{50, 8, 100, 1e9},
     LAYERS(DOUBLE),
     "max-model-bytes",
     "stem: $: at most 50 bytes expected, not"},
    {{1000, 1, 100, 1e9},
     LAYERS(RELU ", " DOUBLE),
     "max-model-layers",
     "stem: $.layers: at most 1 layers expected, not 2 (--max-model-layers)"},
    {{1000, 2, 100, 1e9},
     "[{\"nInputPlane\": 1, \"nOutputPlane\": 1, \"kW\": 1, \"kH\": 1, \"weight\": [1], \"bias\": "
     "[0]}]",
     "max-model-layers",
     "at most 2 layers"},
    {{1000, 8, 7, 1e9},
     WEIGHT("[1, 2, 3, 4, 5, 6, 7, 8]"),
     "max-model-parameters",
     "stem: $.layers[1].weight: this tensor brings the model over 7 parameters"},
    {{1000, 8, 7, 1e9},
     BASE64("[2, 1, 2, 2]", "\"float32\"", EIGHT),
     "max-model-parameters",
     "$.layers[1].weight: this tensor brings the model over 7 parameters"},
    {{1000, 8, 9, 1e9},
     WEIGHT("[1, 2, 3, 4, 5, 6, 7, 8], \"bias\": [1, 2]"),
     "max-model-parameters",
     "$.layers[1].bias: this tensor brings the model over 9 parameters"},
    {{1000, 8, SIZE_MAX, 1e9},
     SECOND("{\"type\": \"conv2d\", \"in_channels\": 2147483647, \"out_channels\": 2147483647, "
            "\"kernel_size\": 2147483647, \"weight\": [1]}"),
     "max-model-parameters",
     "$.layers[1].weight: this tensor brings the model over"},
    {{1000, 8, 100, 0.5},
     LAYERS("{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 1, \"kernel_size\": 1, "
            "\"weight\": [1]}, " DOUBLE),
     "max-model-macs",
     "stem: $.layers: "},
};

START_TEST(limits_name_their_options)
{
    struct err e = ERR_INIT;
    struct model *m = NULL;
    enum err_code rc = model_read(&(struct model_file){"stem", (const uint8_t *)limited[_i].text,
                                                       strlen(limited[_i].text), NULL},
                                  &limited[_i].limits, &m, &e);
    ck_assert_msg(rc == ERR_MODEL_LIMIT, "%d %s", rc, e.text);
    ck_assert_ptr_null(m);
    ck_assert_ptr_nonnull(e.option);
    ck_assert_str_eq(e.option, limited[_i].option);
    ck_assert_msg(strstr(e.text, limited[_i].says) != NULL, "%s", e.text);
}
END_TEST

START_TEST(a_file_name_that_names_no_model_is_refused)
{
    struct err e = ERR_INIT;
    struct model *m = NULL;
    ck_assert_int_eq(model_read(&(struct model_file){"my\nmodel", (const uint8_t *)LAYERS(DOUBLE),
                                                     strlen(LAYERS(DOUBLE)), NULL},
                                &model_default_limits, &m, &e),
                     ERR_MODEL);
    ck_assert_msg(strstr(e.text, "my?model: $.name: a name expected, because the file's name") !=
                      NULL,
                  "%s", e.text);
}
END_TEST

/* Checks the refusal of a text that has `piece` `count` times between two ends. */
static void refused_repeated(const char *before, const char *piece, size_t count, const char *says)
{
    size_t length = strlen(before), step = strlen(piece);
    uint8_t *text = malloc(length + count * step);
    ck_assert_ptr_nonnull(text);
    memcpy(text, before, length);
    for (size_t i = 0; i < count; i++)
        memcpy(text + length + i * step, piece, step);
    struct err e = ERR_INIT;
    struct model *m = NULL;
    enum err_code rc = model_read(&(struct model_file){"stem", text, length + count * step, NULL},
                                  &model_default_limits, &m, &e);
    ck_assert_msg(rc != ERR_OK && strstr(e.text, says), "%d %s", rc, e.text);
    free(text);
}

START_TEST(large_text_beside_the_weights_is_refused)
{
    refused_repeated(HEAD "\"description\": \"", "word", 5 << 20, "bytes expected beside the w");
    refused_repeated(HEAD "\"trained\": {\"a\": [", "0,", 1 << 20, "values expected beside the w");
    refused_repeated(HEAD "\"trained\": ", "[", 1 << 20, "values expected beside the weights");
    refused_repeated(HEAD "\"trained\": ", "{\"a\":", 1 << 20, "values expected beside the we");
    refused_repeated("[{", "\"weight\":[],", 1 << 20, "values expected beside the weights");
    refused_repeated(HEAD "\"trained\": ", "[", 10000, "maximum parsing depth reached");
    refused_repeated(HEAD "\"layers\": [{\"type\": \"prelu\", \"weight\": ", "[", 8 << 20,
                     "'}' expected near end of file");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("model_json_refuse");
    TCase *c = tcase_create("model_json_refuse");
#define ALL(table) (int)(sizeof table / sizeof *table)
    tcase_add_loop_test(c, refuses_not_json, 0, ALL(not_json));
    tcase_add_loop_test(c, refuses_heads, 0, ALL(heads));
    tcase_add_loop_test(c, refuses_layers, 0, ALL(layers));
    tcase_add_loop_test(c, refuses_names, 0, ALL(names));
    tcase_add_loop_test(c, refuses_tensors, 0, ALL(tensors));
    tcase_add_loop_test(c, limits_name_their_options, 0, ALL(limited));
    tcase_add_test(c, a_file_name_that_names_no_model_is_refused);
    tcase_add_test(c, large_text_beside_the_weights_is_refused);
    suite_add_tcase(s, c);
    return harness_run(s);
}
