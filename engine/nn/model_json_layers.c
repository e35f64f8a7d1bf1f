/* model_json_layers.c - reads the layers of `upscaled-model/1` by a table with the keys of each
 * kind.
 *
 * The names and defaults are those of PyTorch's constructors. Ranges are checked here only where a
 * tensor's shape depends on them; model_finish checks the rest. */
#include "engine/nn/model_json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/layers.h"

enum value { INT, PAIR, NUMBER, BOOL, WORD, TENSOR, NAMES };

struct key {
    const char *name;
    enum value value;
    size_t place; /* in struct layer */
    bool required;
    int least;       /* INT, PAIR */
    double fallback; /* the value of an absent INT, PAIR or NUMBER; for BOOL and WORD it is 0 */
    size_t like;     /* if not 0, the pair at this place is the fallback */
    const char *const *words;
    int most; /* NAMES: the most names */
};

#define AT(field) offsetof(struct layer, field)
#define ROW(key, kind, field, ...)                                                                 \
    {                                                                                              \
        .name = key, .value = kind, .place = AT(field), __VA_ARGS__                                \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const char *const padding_modes[] = {"zeros", "replicate", "reflect", "circular", NULL};
static const char *const zeros[] = {"zeros", NULL};
static const char *const upsample_modes[] = {"nearest", "bilinear", "bicubic", NULL};

static const struct key no_keys[] = {END};
static const struct key conv2d_keys[] = {
    ROW("in_channels", INT, conv.in_channels, .required = true, .least = 1),
    ROW("out_channels", INT, conv.out_channels, .required = true, .least = 1),
    ROW("kernel_size", PAIR, conv.kernel_size, .required = true, .least = 1),
    ROW("stride", PAIR, conv.stride, .least = 1, .fallback = 1),
    ROW("padding", PAIR, conv.padding),
    ROW("dilation", PAIR, conv.dilation, .least = 1, .fallback = 1),
    ROW("groups", INT, conv.groups, .least = 1, .fallback = 1),
    ROW("padding_mode", WORD, conv.padding_mode, .words = padding_modes),
    ROW("weight", TENSOR, conv.weight, .required = true),
    ROW("bias", TENSOR, conv.bias),
    END};
static const struct key conv_transpose2d_keys[] = {
    ROW("in_channels", INT, conv.in_channels, .required = true, .least = 1),
    ROW("out_channels", INT, conv.out_channels, .required = true, .least = 1),
    ROW("kernel_size", PAIR, conv.kernel_size, .required = true, .least = 1),
    ROW("stride", PAIR, conv.stride, .least = 1, .fallback = 1),
    ROW("padding", PAIR, conv.padding),
    ROW("output_padding", PAIR, conv.output_padding),
    ROW("groups", INT, conv.groups, .least = 1, .fallback = 1),
    ROW("dilation", PAIR, conv.dilation, .least = 1, .fallback = 1),
    ROW("padding_mode", WORD, conv.padding_mode, .words = zeros),
    ROW("weight", TENSOR, conv.weight, .required = true),
    ROW("bias", TENSOR, conv.bias),
    END};
static const struct key leaky_relu_keys[] = {
    ROW("negative_slope", NUMBER, negative_slope, .fallback = 0.01), END};
static const struct key prelu_keys[] = {ROW("weight", TENSOR, prelu.weight, .required = true), END};
static const struct key clamp_keys[] = {ROW("min", NUMBER, clamp.min, .fallback = -INFINITY),
                                        ROW("max", NUMBER, clamp.max, .fallback = INFINITY), END};
static const struct key merge_keys[] = {
    ROW("with", NAMES, others, .required = true, .most = LAYER_OTHERS_MAX), END};
static const struct key pixel_shuffle_keys[] = {
    ROW("upscale_factor", INT, upscale_factor, .required = true, .least = 1), END};
static const struct key pixel_unshuffle_keys[] = {
    ROW("downscale_factor", INT, downscale_factor, .required = true, .least = 1), END};
static const struct key upsample_keys[] = {
    ROW("scale_factor", PAIR, upsample.scale_factor, .required = true, .least = 1),
    ROW("mode", WORD, upsample.mode, .words = upsample_modes),
    ROW("align_corners", BOOL, upsample.align_corners), END};
static const char *const gelu_approximates[] = {"none", "tanh", NULL};
static const struct key gelu_keys[] = {ROW("approximate", WORD, gelu, .words = gelu_approximates),
                                       END};
static const struct key affine_keys[] = {ROW("weight", TENSOR, affine.weight, .required = true),
                                         ROW("bias", TENSOR, affine.bias), END};
static const struct key max_pool2d_keys[] = {
    ROW("kernel_size", PAIR, pool.kernel_size, .required = true, .least = 1),
    ROW("stride", PAIR, pool.stride, .least = 1, .like = AT(pool.kernel_size)),
    ROW("padding", PAIR, pool.padding),
    ROW("dilation", PAIR, pool.dilation, .least = 1, .fallback = 1),
    ROW("ceil_mode", BOOL, pool.ceil_mode),
    END};
static const struct key max_unpool2d_keys[] = {
    ROW("kernel_size", PAIR, pool.kernel_size, .required = true, .least = 1),
    ROW("stride", PAIR, pool.stride, .least = 1, .like = AT(pool.kernel_size)),
    ROW("padding", PAIR, pool.padding), ROW("indices", NAMES, others, .required = true, .most = 1),
    END};

static const struct key *const kinds[LAYER_KINDS] = {
    [LAYER_CONV2D] = conv2d_keys,
    [LAYER_CONV_TRANSPOSE2D] = conv_transpose2d_keys,
    [LAYER_RELU] = no_keys,
    [LAYER_LEAKY_RELU] = leaky_relu_keys,
    [LAYER_PRELU] = prelu_keys,
    [LAYER_SIGMOID] = no_keys,
    [LAYER_TANH] = no_keys,
    [LAYER_CLAMP] = clamp_keys,
    [LAYER_ADD] = merge_keys,
    [LAYER_CONCAT] = merge_keys,
    [LAYER_PIXEL_SHUFFLE] = pixel_shuffle_keys,
    [LAYER_PIXEL_UNSHUFFLE] = pixel_unshuffle_keys,
    [LAYER_UPSAMPLE] = upsample_keys,
    [LAYER_MAX_POOL2D] = max_pool2d_keys,
    [LAYER_MAX_UNPOOL2D] = max_unpool2d_keys,
    [LAYER_SILU] = no_keys,
    [LAYER_GELU] = gelu_keys,
    [LAYER_MISH] = no_keys,
    [LAYER_HARDSWISH] = no_keys,
    [LAYER_MUL] = merge_keys,
    [LAYER_AFFINE] = affine_keys,
};

static void *place(struct layer *l, size_t offset)
{
    return (char *)l + offset;
}

static enum err_code read_kind(struct model_reader *r, const json_t *value, enum layer_kind *kind)
{
    const char *type = json_string_value(value);
    for (int k = 0; k < LAYER_KINDS; k++)
        if (type && strcmp(type, layer_table[k].type) == 0) {
            *kind = (enum layer_kind)k;
            return ERR_OK;
        }
    if (!value)
        return reader_refuse(r, ERR_MODEL, "type", "a layer needs its type, and it is missing");
    return reader_refuse(r, ERR_MODEL, "type", "%s is no type of layer", reader_found(value).text);
}

static const struct key *find_key(const struct key *keys, const char *name)
{
    for (; keys->name; keys++)
        if (strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

static enum err_code refuse_unknown_keys(struct model_reader *r, const json_t *object,
                                         enum layer_kind kind)
{
    void *i = json_object_iter((json_t *)object); /* it only reads */
    for (; i; i = json_object_iter_next((json_t *)object, i)) {
        const char *name = json_object_iter_key(i);
        if (find_key(kinds[kind], name) || strcmp(name, "type") == 0 || strcmp(name, "name") == 0 ||
            strcmp(name, "input") == 0)
            continue;
        char list[200] = "", quoted[40];
        for (const struct key *k = kinds[kind]; k->name; k++)
            reader_list(list, sizeof list, k->name);
        snprintf(quoted, sizeof quoted, "%.32s", name);
        return reader_refuse(r, ERR_MODEL, quoted, "%s has no such key; it has %s%sname, input",
                             layer_table[kind].type, list, list[0] ? ", " : "");
    }
    return ERR_OK;
}

/* Finds the layer before `i` that has this name; LAYER_INPUT for "input". */
static enum err_code find_layer(struct model_reader *r, const char *key, const json_t *value, int i,
                                int *out)
{
    const char *name = json_string_value(value);
    bool found = name && strcmp(name, "input") == 0;
    *out = LAYER_INPUT;
    for (int k = 0; name && !found && k < i; k++) {
        found = r->model->layers[k].name && strcmp(name, r->model->layers[k].name) == 0;
        *out = k;
    }
    return found ? ERR_OK
                 : reader_refuse(r, ERR_MODEL, key,
                                 "the name of an earlier layer or \"input\" expected, not %s",
                                 reader_found(value).text);
}

static enum err_code read_names(struct model_reader *r, const struct key *key, const json_t *value,
                                int i)
{
    struct layer *l = &r->model->layers[i];
    bool list = json_is_array(value) && key->most > 1;
    size_t count = list ? json_array_size(value) : 1;
    if (count < 1 || count > (size_t)key->most)
        return reader_refuse(r, ERR_MODEL, key->name, "1 to %d names expected, not %zu", key->most,
                             count);
    for (size_t n = 0; n < count; n++) {
        char path[PATH_BYTES];
        snprintf(path, sizeof path, list ? "%s[%zu]" : "%s", key->name, n);
        enum err_code rc =
            find_layer(r, path, list ? json_array_get(value, n) : value, i, &l->others[n]);
        if (rc)
            return rc;
    }
    l->other_count = (int)count;
    return ERR_OK;
}

static void set_default(struct layer *l, const struct key *key)
{
    void *p = place(l, key->place);
    int whole = key->value == INT || key->value == PAIR ? (int)key->fallback : 0;
    if (key->value == INT)
        *(int *)p = whole;
    else if (key->value == PAIR && key->like)
        *(struct pair *)p = *(struct pair *)place(l, key->like);
    else if (key->value == PAIR)
        *(struct pair *)p = (struct pair){whole, whole};
    else if (key->value == NUMBER)
        *(float *)p = (float)key->fallback;
}

static enum err_code read_key(struct model_reader *r, const struct key *key, const json_t *value,
                              int i)
{
    struct layer *l = &r->model->layers[i];
    void *p = place(l, key->place);
    int word = 0;
    enum err_code rc = ERR_OK;
    switch (key->value) {
    case INT:
        return reader_int(r, key->name, value, key->least, p);
    case PAIR:
        return reader_pair(r, key->name, value, key->least, p);
    case NUMBER:
        return reader_float(r, key->name, value, p);
    case BOOL:
        return reader_bool(r, key->name, value, p);
    case NAMES:
        return read_names(r, key, value, i);
    case WORD:
        rc = reader_word(r, key->name, value, key->words, &word);
        memcpy(p, &word, sizeof word); /* an enum, as wide as an int */
        return rc;
    case TENSOR: /* read_tensors reads it when all parameters are known */
        break;
    }
    return rc;
}

static enum err_code read_conv_tensors(struct model_reader *r, const json_t *object,
                                       struct layer *l)
{
    struct conv_params *c = &l->conv;
    bool transposed = l->kind == LAYER_CONV_TRANSPOSE2D;
    if (c->in_channels % c->groups != 0 || c->out_channels % c->groups != 0)
        return reader_refuse(r, ERR_MODEL, "groups",
                             "a divisor of in_channels (%d) and out_channels (%d) expected, not %d",
                             c->in_channels, c->out_channels, c->groups);
    int outer = transposed ? c->in_channels : c->out_channels;
    int inner = (transposed ? c->out_channels : c->in_channels) / c->groups;
    struct tensor_shape weight = {4, {outer, inner, c->kernel_size.y, c->kernel_size.x}};
    struct tensor_shape bias = {1, {c->out_channels}};
    const json_t *value = json_object_get(object, "bias");
    enum err_code rc =
        reader_tensor(r, "weight", json_object_get(object, "weight"), &weight, &c->weight);
    if (!rc && value && !json_is_null(value))
        rc = reader_tensor(r, "bias", value, &bias, &c->bias);
    return rc;
}

/* Reads a list of any number of numbers. model_finish compares their count with the channels. */
static enum err_code read_numbers(struct model_reader *r, const json_t *object, const char *key,
                                  float **out, int *count)
{
    struct tensor_shape any = {1, {-1}}; /* at most max_parameters */
    enum err_code rc = reader_tensor(r, key, json_object_get(object, key), &any, out);
    *count = any.dims[0] <= LAYER_MAX_CHANNELS ? any.dims[0] : -1;
    if (!rc && *count < 1)
        rc = reader_refuse(r, ERR_MODEL, key, "1 to %d numbers expected, not %d",
                           LAYER_MAX_CHANNELS, any.dims[0]);
    return rc;
}

static enum err_code read_tensors(struct model_reader *r, const json_t *object, struct layer *l)
{
    if (l->kind == LAYER_CONV2D || l->kind == LAYER_CONV_TRANSPOSE2D)
        return read_conv_tensors(r, object, l);
    if (l->kind == LAYER_PRELU)
        return read_numbers(r, object, "weight", &l->prelu.weight, &l->prelu.num_parameters);
    if (l->kind != LAYER_AFFINE)
        return ERR_OK;
    struct affine_params *a = &l->affine;
    enum err_code rc = read_numbers(r, object, "weight", &a->weight, &a->weight_count);
    if (!rc && !json_is_null(json_object_get(object, "bias")) && json_object_get(object, "bias"))
        rc = read_numbers(r, object, "bias", &a->bias, &a->bias_count);
    return rc;
}

static enum err_code read_name(struct model_reader *r, const json_t *value, int i)
{
    struct layer *l = &r->model->layers[i];
    enum err_code rc = reader_name(r, "name", value, &l->name);
    if (rc)
        return rc;
    if (strcmp(l->name, "input") == 0)
        return reader_refuse(r, ERR_MODEL, "name",
                             "another name expected, because \"input\" means the picture");
    for (int k = 0; k < i; k++)
        if (r->model->layers[k].name && strcmp(r->model->layers[k].name, l->name) == 0)
            return reader_refuse(r, ERR_MODEL, "name",
                                 "another name expected, because $.layers[%d] has the name \"%s\"",
                                 k, l->name);
    return ERR_OK;
}

static enum err_code read_layer(struct model_reader *r, const json_t *object, int i)
{
    struct layer *l = &r->model->layers[i];
    if (!json_is_object(object))
        return reader_refuse(r, ERR_MODEL, NULL, "an object expected, not %s",
                             reader_found(object).text);
    enum err_code rc = read_kind(r, json_object_get(object, "type"), &l->kind);
    if (rc || (rc = refuse_unknown_keys(r, object, l->kind)))
        return rc;
    const json_t *name = json_object_get(object, "name"), *input = json_object_get(object, "input");
    l->input = i - 1; /* LAYER_INPUT for the first */
    if (name && (rc = read_name(r, name, i)))
        return rc;
    if (input && (rc = find_layer(r, "input", input, i, &l->input)))
        return rc;
    for (const struct key *key = kinds[l->kind]; key->name; key++) {
        const json_t *value = json_object_get(object, key->name);
        if (!value && key->required)
            return reader_refuse(r, ERR_MODEL, key->name, "%s needs this key, and it is missing",
                                 layer_table[l->kind].type);
        if (!value)
            set_default(l, key);
        else if ((rc = read_key(r, key, value, i)))
            return rc;
    }
    return read_tensors(r, object, l);
}

enum err_code reader_layers(struct model_reader *r, const json_t *list)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count == 0)
        return reader_refuse(r, ERR_MODEL, "layers", "a list of at least one layer expected");
    enum err_code rc = reader_room(r, "layers", count);
    for (size_t i = 0; !rc && i < count; i++) {
        snprintf(r->path, sizeof r->path, "$.layers[%zu]", i);
        rc = read_layer(r, json_array_get(list, i), (int)i);
    }
    snprintf(r->path, sizeof r->path, "$");
    return rc;
}
