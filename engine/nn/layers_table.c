/* layers_table.c - the table of layer kinds. */
#include "engine/nn/layers_kinds.h"

#define ACTIVATION(name, checker)                                                                  \
    {                                                                                              \
        .type = name, .activation = true, .check = checker, .run = activation_run                  \
    }

const struct layer_row layer_table[LAYER_KINDS] = {
    [LAYER_CONV2D] = {"conv2d", false, conv2d_check, conv2d_rate, conv2d_size, conv2d_clean,
                      conv2d_whole, conv2d_macs, conv_packed_floats, conv2d_pack, conv2d_run},
    [LAYER_CONV_TRANSPOSE2D] = {"conv_transpose2d", false, conv_transpose2d_check,
                                conv_transpose2d_rate, conv_transpose2d_size,
                                conv_transpose2d_clean, NULL, conv_transpose2d_macs,
                                conv_packed_floats, conv_transpose2d_pack, conv_transpose2d_run},
    [LAYER_RELU] = ACTIVATION("relu", plain_check),
    [LAYER_LEAKY_RELU] = ACTIVATION("leaky_relu", plain_check),
    [LAYER_PRELU] = ACTIVATION("prelu", prelu_check),
    [LAYER_SIGMOID] = ACTIVATION("sigmoid", plain_check),
    [LAYER_TANH] = ACTIVATION("tanh", plain_check),
    [LAYER_CLAMP] = ACTIVATION("clamp", clamp_check),
    [LAYER_SILU] = ACTIVATION("silu", plain_check),
    [LAYER_GELU] = ACTIVATION("gelu", plain_check),
    [LAYER_MISH] = ACTIVATION("mish", plain_check),
    [LAYER_HARDSWISH] = ACTIVATION("hardswish", plain_check),
    [LAYER_AFFINE] = ACTIVATION("affine", affine_check),
    [LAYER_ADD] = {"add", false, add_check, NULL, merge_size, merge_clean, NULL, NULL, NULL, NULL,
                   add_run},
    [LAYER_MUL] = {"mul", false, add_check, NULL, merge_size, merge_clean, NULL, NULL, NULL, NULL,
                   mul_run},
    [LAYER_CONCAT] = {"concat", false, concat_check, NULL, merge_size, merge_clean, NULL, NULL,
                      NULL, NULL, concat_run},
    [LAYER_PIXEL_SHUFFLE] = {"pixel_shuffle", false, pixel_shuffle_check, pixel_shuffle_rate,
                             pixel_shuffle_size, pixel_shuffle_clean, NULL, NULL, NULL, NULL,
                             pixel_shuffle_run},
    [LAYER_PIXEL_UNSHUFFLE] = {"pixel_unshuffle", false, pixel_unshuffle_check,
                               pixel_unshuffle_rate, pixel_unshuffle_size, pixel_unshuffle_clean,
                               NULL, NULL, NULL, NULL, pixel_unshuffle_run},
    [LAYER_UPSAMPLE] = {"upsample", false, upsample_check, upsample_rate, upsample_size,
                        upsample_clean, upsample_whole, upsample_macs, NULL, NULL, upsample_run},
    [LAYER_MAX_POOL2D] = {"max_pool2d", false, max_pool2d_check, max_pool2d_rate, max_pool2d_size,
                          max_pool2d_clean, NULL, NULL, NULL, NULL, max_pool2d_run},
    [LAYER_MAX_UNPOOL2D] = {"max_unpool2d", false, max_unpool2d_check, NULL, max_unpool2d_size,
                            max_unpool2d_clean, NULL, NULL, NULL, NULL, max_unpool2d_run},
};
