/* model.h - a network as its file describes it: parsed, checked, immutable.
 *
 * Layer parameters have PyTorch's names and exact meaning (torch.nn, version 1.13 and later).
 * Weights are float32 in PyTorch's order:
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

/* conv2d and conv_transpose2d. Only conv_transpose2d has output_padding, and only conv2d
 * padding_mode. */
struct conv_params {
    int in_channels, out_channels, groups;
    struct pair kernel_size, stride, padding, output_padding, dilation;
    enum padding_mode padding_mode;
    float *weight;
    float *bias; /* [out_channels], or NULL */
};

struct prelu_params {
    int num_parameters; /* 1, or one for each channel */
    float *weight;
};

struct clamp_params {
    float min, max;
};

/* x * weight + bias. Each has one number for all channels, or one for each channel. */
struct affine_params {
    int weight_count, bias_count; /* 0: there is no bias */
    float *weight, *bias;
};

enum gelu_approximate { GELU_NONE, GELU_TANH };

struct upsample_params {
    struct pair scale_factor; /* whole numbers, because others have no fixed grid for tiles */
    enum upsample_mode mode;  /* bicubic has a = -0.75, as in PyTorch */
    bool align_corners;
};

/* max_pool2d and max_unpool2d. The kernel_size, stride and padding of a max_unpool2d must be those
 * of its pool. PyTorch's max_unpool2d has no dilation and ceil_mode; model_finish copies them from
 * the pool. */
struct pool_params {
    struct pair kernel_size, stride, padding, dilation;
    bool ceil_mode;
};

enum { LAYER_OTHERS_MAX = 8, LAYER_INPUT = -1 };

struct layer {
    enum layer_kind kind;
    char *name;                   /* for references of later layers, or NULL */
    int input;                    /* index of the layer it reads, LAYER_INPUT for the picture */
    int others[LAYER_OTHERS_MAX]; /* further inputs of add, mul and concat ("with"); others[0] is
                                     the max_pool2d of a max_unpool2d ("indices") */
    int other_count;
    int channels; /* of its output; model_finish sets it */
    double macs;  /* multiply-accumulates per pixel of the picture; model_finish sets it */
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

/* The effect of the layers on the sizes of a picture. model_finish finds it. Positions are in
 * pixels. */
struct model_geometry {
    int in_channels, out_channels; /* 1 (COLOR_Y) or 3 (COLOR_RGB) at both ends */
    int scale;
    struct pair crop; /* output pixel (0, 0) of a window at (0, 0) is pixel `crop` of its scaled
                         area: half of what valid layers remove, negative if layers add pixels */
    int halo;   /* the input pixels around an area on which its outputs or their padding depend */
    int align;  /* windows begin and end on multiples of it (pooling, strides, pixel_unshuffle) */
    int least;  /* the smallest window side, a multiple of align, that every layer can take */
    bool whole; /* the output depends on the whole picture (circular padding, align_corners), which
                   cannot be cut; `halo` only makes all outputs exist */
    double macs_per_pixel; /* multiply-accumulates per input pixel, counting only real taps */
};

struct model {
    char *name;
    char *family; /* its files differ in the factor, by which one is chosen; or NULL */
    char *license, *description;      /* NULL if the file has none */
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

extern const struct model_limits model_default_limits; /* 128 MiB, 4096, 16 M, 64 M */

/* The file of a model. `stem` is the file's name without folder and suffix. It is the name of a
 * model that has no "name". Every error sentence begins with it and the JSON path concerned
 * ("photo: $.layers[3].weight: ..."). */
struct model_file {
    const char *stem;
    const uint8_t *bytes;
    size_t length;
    const char *sha256; /* 64 hex digits of the bytes, or NULL: model_read computes them */
};

enum { MODEL_NAME_BYTES = 64 }; /* of the name of a model or a family */

/* What a file calls its model. */
struct model_label {
    char name[MODEL_NAME_BYTES + 1];
    char family[MODEL_NAME_BYTES + 1]; /* the name, if the file names no family */
};

/* Reads only the label, without the weights. Returns false if the file does not have a valid label;
 * model_read then reports what is wrong. */
bool model_read_label(const struct model_file *file, const struct model_limits *limits,
                      struct model_label *out);

/* Reads a model from its file: `upscaled-model/1` or waifu2x's JSON. On ERR_OK the caller owns *out
 * (model_free). Otherwise ERR_MODEL_JSON, ERR_MODEL, ERR_MODEL_LIMIT or ERR_MEMORY. model_json.c
 * states the peak memory. */
enum err_code model_read(const struct model_file *file, const struct model_limits *limits,
                         struct model **out, struct err *e);
void model_free(struct model *m); /* NULL is fine */

/* The last step of a reader. Checks a filled model as a whole (channels, references, sizes, scale,
 * border, limits), counts its parameters and finds its geometry. The sentence of an error begins
 * with its JSON path ("$.layers[3].groups: ..."). The reader itself must check the shapes of
 * tensors, and that their numbers are finite. ERR_MODEL, ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code model_finish(struct model *m, const struct model_limits *limits, struct err *e);

#endif
