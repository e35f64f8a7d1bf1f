/* model.h - a network as its file describes it: parsed, checked, immutable.
 *
 * Layer parameters have PyTorch's names and exact meaning (torch.nn, version 1.13 and later);
 * weights are float32 in PyTorch's order:
 *   conv2d            weight [out_channels][in_channels / groups][kernel y][kernel x]
 *   conv_transpose2d  weight [in_channels][out_channels / groups][kernel y][kernel x]
 * Threads: a model never changes after model_finish; any number of threads may read it. */
#ifndef UPSCALED_NN_MODEL_H
#define UPSCALED_NN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

struct pair {
    int y, x; /* PyTorch's order: height first */
};

enum model_color { COLOR_Y, COLOR_RGB };
enum model_border { BORDER_REPLICATE, BORDER_REFLECT, BORDER_WRAP, BORDER_ZERO, BORDER_MODEL };

enum layer_kind {
    LAYER_CONV2D,
    LAYER_CONV_TRANSPOSE2D,
    LAYER_RELU,
    LAYER_LEAKY_RELU,
    LAYER_PRELU,
    LAYER_SIGMOID,
    LAYER_TANH,
    LAYER_CLAMP,
    LAYER_ADD,
    LAYER_CONCAT,
    LAYER_PIXEL_SHUFFLE,
    LAYER_PIXEL_UNSHUFFLE,
    LAYER_UPSAMPLE,
    LAYER_MAX_POOL2D,
    LAYER_MAX_UNPOOL2D,
    LAYER_SILU,
    LAYER_GELU,
    LAYER_MISH,
    LAYER_HARDSWISH,
    LAYER_MUL,
    LAYER_AFFINE,
    LAYER_KINDS
};

enum padding_mode { PADDING_ZEROS, PADDING_REPLICATE, PADDING_REFLECT, PADDING_CIRCULAR };
enum upsample_mode { UPSAMPLE_NEAREST, UPSAMPLE_BILINEAR, UPSAMPLE_BICUBIC };

/* conv2d and conv_transpose2d; output_padding is the latter's, padding_mode the former's. */
struct conv_params {
    int in_channels, out_channels, groups;
    struct pair kernel_size, stride, padding, output_padding, dilation;
    enum padding_mode padding_mode;
    float *weight;
    float *bias; /* [out_channels], or NULL */
};

struct prelu_params {
    int num_parameters; /* 1, or one a channel */
    float *weight;
};

struct clamp_params {
    float min, max;
};

/* x * weight + bias; each has 1 number for all channels, or one for each. */
struct affine_params {
    int weight_count, bias_count; /* 0: there is no bias */
    float *weight, *bias;
};

enum gelu_approximate { GELU_NONE, GELU_TANH };

struct upsample_params {
    struct pair scale_factor; /* whole numbers only: others have no fixed grid to tile on */
    enum upsample_mode mode;  /* bicubic: a = -0.75, as PyTorch's */
    bool align_corners;
};

/* max_pool2d and max_unpool2d. The latter's kernel_size, stride and padding must be its pool's.
 * PyTorch's max_unpool2d has no dilation and ceil_mode; model_finish copies them from the pool. */
struct pool_params {
    struct pair kernel_size, stride, padding, dilation;
    bool ceil_mode;
};

enum { LAYER_OTHERS_MAX = 8, LAYER_INPUT = -1 };

struct layer {
    enum layer_kind kind;
    char *name;                   /* by which later layers refer to it, or NULL */
    int input;                    /* index of the layer it reads, LAYER_INPUT for the picture */
    int others[LAYER_OTHERS_MAX]; /* add, mul, concat ("with"): further inputs, as `input`;
                                     max_unpool2d ("indices"): others[0], the max_pool2d */
    int other_count;
    int channels; /* of its output, found by model_finish */
    double macs;  /* multiply-accumulates per pixel of the picture, found by model_finish */
    union {
        struct conv_params conv;
        struct prelu_params prelu;
        float negative_slope; /* leaky_relu */
        struct clamp_params clamp;
        enum gelu_approximate gelu;
        struct affine_params affine;
        int upscale_factor;   /* pixel_shuffle */
        int downscale_factor; /* pixel_unshuffle */
        struct upsample_params upsample;
        struct pool_params pool;
    };
};

/* What the layers make of a picture, found by model_finish; positions in pixels. */
struct model_geometry {
    int in_channels, out_channels; /* 1 (COLOR_Y) or 3 (COLOR_RGB) at both ends */
    int scale;
    struct pair crop; /* output pixel (0, 0) of a window at (0, 0) is pixel (crop) of its scaled
                         area; half of what valid layers lose, negative where layers add */
    int halo;  /* input pixels around an area that its outputs depend on, or that padding reaches */
    int align; /* windows begin and end on multiples of it (pooling, strides, pixel_unshuffle) */
    int least; /* the smallest window side, a multiple of align, that every layer can take */
    bool whole; /* depends on the whole picture (circular padding, align_corners): cannot be cut;
                   halo is then only what it takes for all outputs to exist */
    double macs_per_pixel; /* multiply-accumulates per input pixel, true taps only */
};

struct model {
    char *name;
    char *license, *description;      /* NULL where the file has none */
    char *trained_json, *scores_json; /* compact JSON objects as in the file, or NULL */
    char sha256[65];                  /* of the file's bytes, lower-case hex */
    enum model_color color;
    enum model_border border;
    int scale;
    struct layer *layers;
    int layer_count;
    size_t parameters; /* floats in all tensors */
    struct model_geometry geometry;
};

struct model_limits {
    size_t max_bytes; /* of the file */
    int max_layers;
    size_t max_parameters;
    double max_macs_per_pixel;
};

extern const struct model_limits model_default_limits; /* 128 MiB, 1024, 16 M, 64 M */

/* A model's file. `stem` is its name without folder and suffix: it names a model that does not name
 * itself, and opens every error sentence, followed by the JSON path concerned
 * ("photo: $.layers[3].weight: ..."). */
struct model_file {
    const char *stem;
    const uint8_t *bytes;
    size_t length;
};

/* Reads a model from its file: `upscaled-model/1` or waifu2x's JSON.
 * On ERR_OK the caller owns *out (model_free). ERR_MODEL_JSON, ERR_MODEL, ERR_MODEL_LIMIT,
 * ERR_MEMORY otherwise. Peak memory: see model_json.c. */
enum err_code model_read(const struct model_file *file, const struct model_limits *limits,
                         struct model **out, struct err *e);
void model_free(struct model *m); /* NULL is fine */

/* For readers: checks a filled-in model as a whole (channels fit, references point backwards,
 * sizes, scale in 1..8, border, limits), counts its parameters and finds its geometry. The sentence
 * of an error starts at its JSON path ("$.layers[3].groups: ..."). Shapes of tensors and finite
 * numbers in them are the reader's to check. ERR_MODEL, ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code model_finish(struct model *m, const struct model_limits *limits, struct err *e);

#endif
