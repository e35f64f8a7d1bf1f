/* model_json_waifu2x.c - reads the JSON that waifu2x's export_model.lua writes: a list of
 * convolutions with their sizes and weights. The family of the network determines the other layers:
 *
 *   vgg_7     the picture enlarged by 2 (nearest), then convolutions
 *   upconv_7  convolutions, then one full (transposed) convolution that doubles the picture
 *
 * LeakyReLU(0.1) follows each convolution except the last, after which values are clamped to 0..1.
 * Files older than `model_config`, class_name and strides are all vgg_7. If there is no
 * configuration, only the full convolution distinguishes the families. Other families (resnet,
 * cunet) have branches, which this list cannot express, so they are refused. */
#include "engine/nn/model_json.h"

#include <stdio.h>
#include <string.h>

static const char *const classes[] = {"nn.SpatialConvolutionMM",      "nn.SpatialConvolution",
                                      "cudnn.SpatialConvolution",     "nn.SpatialFullConvolution",
                                      "cudnn.SpatialFullConvolution", NULL};
enum { FIRST_FULL = 3 };

static const char *const families[] = {"vgg_7", "upconv_7", NULL};
enum { VGG_7, UPCONV_7 };

/* One layer of the list. */
struct entry {
    const json_t *object;
    int class, kernel_x, kernel_y, stride_x, stride_y, padding_x, padding_y, dilation_x, dilation_y;
    int in_planes, out_planes;
};

static const struct number {
    const char *key;
    size_t place;
    int least;
    int fallback; /* -1: the key is required */
} numbers[] = {
    {"kW", offsetof(struct entry, kernel_x), 1, -1},
    {"kH", offsetof(struct entry, kernel_y), 1, -1},
    {"nInputPlane", offsetof(struct entry, in_planes), 1, -1},
    {"nOutputPlane", offsetof(struct entry, out_planes), 1, -1},
    {"dW", offsetof(struct entry, stride_x), 1, 1},
    {"dH", offsetof(struct entry, stride_y), 1, 1},
    {"padW", offsetof(struct entry, padding_x), 0, 0},
    {"padH", offsetof(struct entry, padding_y), 0, 0},
    {"dilationW", offsetof(struct entry, dilation_x), 1, 1},
    {"dilationH", offsetof(struct entry, dilation_y), 1, 1},
};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

static bool known(const char *name, const char *const *words)
{
    while (*words && strcmp(name, *words) != 0)
        words++;
    return *words;
}

static enum err_code refuse_unknown(struct model_reader *r, const json_t *object,
                                    const char *prefix, const char *const *words)
{
    void *i = json_object_iter((json_t *)object); /* it only reads */
    for (; i; i = json_object_iter_next((json_t *)object, i)) {
        char key[PATH_BYTES];
        snprintf(key, sizeof key, "%s%.32s", prefix, json_object_iter_key(i));
        if (!known(json_object_iter_key(i), words))
            return reader_refuse(r, ERR_MODEL, key, "waifu2x's JSON has no such key");
    }
    return ERR_OK;
}

static enum err_code read_entry(struct model_reader *r, const json_t *object, struct entry *n)
{
    static const char *const keys[] = {
        "class_name", "kW",   "kH",     "nInputPlane", "nOutputPlane", "dW",           "dH", "padW",
        "padH",       "bias", "weight", "dilationW",   "dilationH",    "model_config", NULL};
    if (!json_is_object(object))
        return reader_refuse(r, ERR_MODEL, NULL, "an object expected, not %s",
                             reader_found(object).text);
    enum err_code rc = refuse_unknown(r, object, "", keys);
    const json_t *class = json_object_get(object, "class_name");
    if (!rc && class)
        rc = reader_word(r, "class_name", class, classes, &n->class);
    for (int k = 0; !rc && k < NUMBERS; k++) {
        const json_t *value = json_object_get(object, numbers[k].key);
        int *p = (int *)((char *)n + numbers[k].place);
        *p = numbers[k].fallback;
        if (value)
            rc = reader_int(r, numbers[k].key, value, numbers[k].least, p);
        else if (numbers[k].fallback < 0)
            rc = reader_refuse(r, ERR_MODEL, numbers[k].key,
                               "a layer needs this key, and it is missing");
    }
    n->object = object;
    return rc;
}

/* Checks what the families have in common, and where the full convolution may stand. */
static enum err_code check_entry(struct model_reader *r, const struct entry *n, int before,
                                 bool last, int family)
{
    bool full = n->class >= FIRST_FULL;
    bool upconv = last && family == UPCONV_7;
    int stride = full ? 2 : 1;
    if (full != upconv)
        return reader_refuse(r, ERR_MODEL, "class_name", "\"%s\" expected, not \"%s\": %s",
                             classes[upconv ? FIRST_FULL : 0], classes[n->class],
                             family == UPCONV_7 ? "upconv_7 ends in a full convolution"
                                                : "vgg_7 has no full convolution");
    if (n->in_planes != before)
        return reader_refuse(r, ERR_MODEL, "nInputPlane",
                             "%d expected, the planes of the layer before, not %d", before,
                             n->in_planes);
    if (n->stride_x != stride || n->stride_y != stride)
        return reader_refuse(r, ERR_MODEL, n->stride_x != stride ? "dW" : "dH",
                             "%d expected, not %d", stride,
                             n->stride_x != stride ? n->stride_x : n->stride_y);
    if (!full && (n->padding_x != 0 || n->padding_y != 0))
        return reader_refuse(r, ERR_MODEL, n->padding_x != 0 ? "padW" : "padH",
                             "0 expected (convolutions do not pad), not %d",
                             n->padding_x != 0 ? n->padding_x : n->padding_y);
    if (n->dilation_x != 1 || n->dilation_y != 1)
        return reader_refuse(r, ERR_MODEL, n->dilation_x != 1 ? "dilationW" : "dilationH",
                             "1 expected, not %d",
                             n->dilation_x != 1 ? n->dilation_x : n->dilation_y);
    return ERR_OK;
}

/* Appends the convolution and the activation that follows it. */
static enum err_code add_conv(struct model_reader *r, const struct entry *n, int *at, bool last)
{
    struct layer *l = &r->model->layers[*at], *then = l + 1;
    bool full = n->class >= FIRST_FULL;
    l->kind = full ? LAYER_CONV_TRANSPOSE2D : LAYER_CONV2D;
    l->conv = (struct conv_params){.in_channels = n->in_planes,
                                   .out_channels = n->out_planes,
                                   .groups = 1,
                                   .kernel_size = {n->kernel_y, n->kernel_x},
                                   .stride = {n->stride_y, n->stride_x},
                                   .padding = {n->padding_y, n->padding_x},
                                   .dilation = {1, 1}};
    then->kind = last ? LAYER_CLAMP : LAYER_LEAKY_RELU;
    if (last)
        then->clamp = (struct clamp_params){0, 1};
    else
        then->negative_slope = 0.1f;
    *at += 2;
    struct tensor_shape weight = {4,
                                  {full ? n->in_planes : n->out_planes,
                                   full ? n->out_planes : n->in_planes, n->kernel_y, n->kernel_x}};
    struct tensor_shape bias = {1, {n->out_planes}};
    const json_t *weights = json_object_get(n->object, "weight");
    const json_t *biases = json_object_get(n->object, "bias");
    if (!weights || !biases)
        return reader_refuse(r, ERR_MODEL, weights ? "bias" : "weight",
                             "a layer needs this key, and it is missing");
    enum err_code rc = reader_tensor(r, "weight", weights, &weight, &l->conv.weight);
    return rc ? rc : reader_tensor(r, "bias", biases, &bias, &l->conv.bias);
}

/* Reads the configuration in the first layer, which newer files have. */
static enum err_code read_config(struct model_reader *r, const json_t *config, int planes,
                                 int *family)
{
    static const char *const keys[] = {"arch_name",  "offset", "scale_factor", "resize", "channels",
                                       "created_at", NULL};
    const char *arch = "model_config.arch_name";
    if (!json_is_object(config))
        return reader_refuse(r, ERR_MODEL, "model_config", "an object expected, not %s",
                             reader_found(config).text);
    enum err_code rc = refuse_unknown(r, config, "model_config.", keys);
    const json_t *name = json_object_get(config, "arch_name");
    const json_t *scale = json_object_get(config, "scale_factor");
    const json_t *channels = json_object_get(config, "channels");
    if (!rc && !name)
        rc = reader_refuse(r, ERR_MODEL, arch, "one of \"vgg_7\", \"upconv_7\" expected");
    if (!rc)
        rc = reader_word(r, arch, name, families, family);
    int expected = *family == UPCONV_7 ? 2 : 1; /* the input of vgg_7 is doubled already */
    if (!rc && scale && json_number_value(scale) != expected)
        rc = reader_refuse(r, ERR_MODEL, "model_config.scale_factor", "%d expected, not %s",
                           expected, reader_found(scale).text);
    if (!rc && channels && json_number_value(channels) != planes)
        rc = reader_refuse(r, ERR_MODEL, "model_config.channels",
                           "%d expected, the nInputPlane, not %s", planes,
                           reader_found(channels).text);
    return rc;
}

static void place_at(struct model_reader *r, size_t i)
{
    snprintf(r->path, sizeof r->path, "$[%zu]", i);
}

/* Finds the family and the planes of the network by its first and last layers. */
static enum err_code read_ends(struct model_reader *r, const json_t *root, int *family, int *planes)
{
    size_t count = json_array_size(root);
    struct entry first = {0}, last = {0};
    place_at(r, count - 1);
    enum err_code rc = read_entry(r, json_array_get(root, count - 1), &last);
    place_at(r, 0);
    if (!rc)
        rc = read_entry(r, json_array_get(root, 0), &first);
    if (rc)
        return rc;
    if (first.in_planes != 1 && first.in_planes != 3)
        return reader_refuse(r, ERR_MODEL, "nInputPlane", "1 or 3 expected, not %d",
                             first.in_planes);
    *planes = first.in_planes;
    *family = last.class >= FIRST_FULL ? UPCONV_7 : VGG_7;
    const json_t *config = json_object_get(first.object, "model_config");
    if (config)
        return read_config(r, config, first.in_planes, family);
    return ERR_OK;
}

static enum err_code read_convs(struct model_reader *r, const json_t *root, int family, int planes)
{
    size_t count = json_array_size(root);
    int at = 0, before = planes;
    enum err_code rc = ERR_OK;
    if (family == VGG_7) {
        struct layer *l = &r->model->layers[at++];
        l->kind = LAYER_UPSAMPLE;
        l->upsample = (struct upsample_params){.scale_factor = {2, 2}, .mode = UPSAMPLE_NEAREST};
    }
    for (size_t i = 0; !rc && i < count; i++) {
        bool last = i == count - 1;
        struct entry n = {0};
        place_at(r, i);
        if (!(rc = read_entry(r, json_array_get(root, i), &n)) &&
            !(rc = check_entry(r, &n, before, last, family)))
            rc = add_conv(r, &n, &at, last);
        if (!rc && i > 0 && json_object_get(n.object, "model_config"))
            rc = reader_refuse(r, ERR_MODEL, "model_config", "expected in the first layer only");
        if (!rc && last && n.out_planes != planes)
            rc = reader_refuse(r, ERR_MODEL, "nOutputPlane",
                               "%d expected, as many as the first layer takes, not %d", planes,
                               n.out_planes);
        before = n.out_planes;
    }
    for (int i = 0; i < at; i++)
        r->model->layers[i].input = i - 1;
    return rc;
}

enum err_code reader_waifu2x(struct model_reader *r, const json_t *root)
{
    size_t count = json_array_size(root);
    int family = VGG_7, planes = 0;
    if (count == 0)
        return reader_refuse(r, ERR_MODEL, NULL, "at least one layer expected");
    enum err_code rc = read_ends(r, root, &family, &planes);
    if (!rc) {
        snprintf(r->path, sizeof r->path, "$");
        r->model->scale = 2;
        r->model->color = planes == 3 ? COLOR_RGB : COLOR_Y;
        r->model->border = BORDER_REPLICATE;
        rc = reader_room(r, NULL, 2 * count + (family == VGG_7));
    }
    if (!rc)
        rc = read_convs(r, root, family, planes);
    snprintf(r->path, sizeof r->path, "$");
    return rc;
}

enum err_code reader_waifu2x_offset(struct model_reader *r, const json_t *root)
{
    const json_t *config = json_object_get(json_array_get(root, 0), "model_config");
    const json_t *offset = json_object_get(config, "offset");
    place_at(r, 0);
    if (offset && json_number_value(offset) != r->model->geometry.crop.x)
        return reader_refuse(r, ERR_MODEL, "model_config.offset",
                             "%d expected, as much as these layers crop, not %s",
                             r->model->geometry.crop.x, reader_found(offset).text);
    return ERR_OK;
}
