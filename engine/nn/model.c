/* model.c - frees a model, and makes the checks that concern more than one layer. */
#include "engine/nn/model.h"

#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/geometry.h"

const struct model_limits model_default_limits = {
    .max_bytes = 128u << 20,
    .max_layers = 4096,
    .max_parameters = 16u << 20,
    .max_macs_per_pixel = 64.0 * (1 << 20),
};

static bool is_conv(const struct layer *l)
{
    return l->kind == LAYER_CONV2D || l->kind == LAYER_CONV_TRANSPOSE2D;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    for (int i = 0; m->layers && i < m->layer_count; i++) {
        struct layer *l = &m->layers[i];
        mem_free(l->name);
        if (is_conv(l)) {
            mem_free(l->conv.weight);
            mem_free(l->conv.bias);
        } else if (l->kind == LAYER_PRELU) {
            mem_free(l->prelu.weight);
        } else if (l->kind == LAYER_AFFINE) {
            mem_free(l->affine.weight);
            mem_free(l->affine.bias);
        }
    }
    mem_free(m->layers);
    mem_free(m->name);
    mem_free(m->family);
    mem_free(m->license);
    mem_free(m->description);
    mem_free(m->trained_json);
    mem_free(m->scores_json);
    mem_free(m);
}

static bool earlier(int index, int i)
{
    return index == LAYER_INPUT || (index >= 0 && index < i);
}

/* Checks that references point backwards, and that a max_unpool2d refers to a max_pool2d with the
 * same parameters. */
static enum err_code check_references(struct model *m, int i, struct err *e)
{
    struct layer *l = &m->layers[i];
    if (!earlier(l->input, i))
        return err_set(e, ERR_MODEL, "$.layers[%d].input: an earlier layer expected", i);
    bool merges = l->kind == LAYER_ADD || l->kind == LAYER_MUL || l->kind == LAYER_CONCAT;
    bool unpool = l->kind == LAYER_MAX_UNPOOL2D;
    if (l->other_count < 0 || l->other_count > (merges ? LAYER_OTHERS_MAX : unpool ? 1 : 0))
        return err_set(e, ERR_MODEL, "$.layers[%d].with: at most %d layers expected, not %d", i,
                       merges ? LAYER_OTHERS_MAX : 0, l->other_count);
    for (int k = 0; k < l->other_count; k++)
        if (!earlier(l->others[k], i))
            return err_set(e, ERR_MODEL, "$.layers[%d].%s: an earlier layer expected", i,
                           unpool ? "indices" : "with");
    if (!unpool)
        return ERR_OK;
    int from = l->other_count == 1 ? l->others[0] : LAYER_INPUT;
    if (from < 0 || m->layers[from].kind != LAYER_MAX_POOL2D)
        return err_set(e, ERR_MODEL, "$.layers[%d].indices: a max_pool2d expected", i);
    const struct pool_params *a = &l->pool, *b = &m->layers[from].pool;
    if (a->kernel_size.y != b->kernel_size.y || a->kernel_size.x != b->kernel_size.x ||
        a->stride.y != b->stride.y || a->stride.x != b->stride.x || a->padding.y != b->padding.y ||
        a->padding.x != b->padding.x)
        return err_set(e, ERR_MODEL,
                       "$.layers[%d].indices: kernel_size, stride and padding expected to be "
                       "those of $.layers[%d]",
                       i, from);
    l->pool.dilation = b->dilation; /* PyTorch's MaxUnpool2d has no such parameter */
    l->pool.ceil_mode = b->ceil_mode;
    return ERR_OK;
}

static enum err_code check_layer(struct model *m, int i, struct err *e)
{
    struct layer *l = &m->layers[i];
    if ((unsigned)l->kind >= LAYER_KINDS)
        return err_set(e, ERR_MODEL, "$.layers[%d].type: a known kind of layer expected", i);
    enum err_code rc = check_references(m, i, e);
    if (rc)
        return rc;
    int ids[LAYER_INPUTS_MAX], channels[LAYER_INPUTS_MAX];
    int count = geometry_inputs(m, i, ids);
    for (int k = 0; k < count; k++)
        channels[k] = ids[k] < 0 ? m->geometry.in_channels : m->layers[ids[k]].channels;
    struct layer_inputs in = {i, channels, count};
    return layer_table[l->kind].check(l, &in, &l->channels, e);
}

static size_t layer_parameters(const struct layer *l)
{
    if (l->kind == LAYER_PRELU)
        return (size_t)l->prelu.num_parameters;
    if (l->kind == LAYER_AFFINE)
        return (size_t)l->affine.weight_count + (size_t)l->affine.bias_count;
    if (!is_conv(l))
        return 0;
    const struct conv_params *c = &l->conv; /* the product is at most 2^36 after the checks */
    return (size_t)c->out_channels * (size_t)(c->in_channels / c->groups) *
               (size_t)c->kernel_size.y * (size_t)c->kernel_size.x +
           (c->bias ? (size_t)c->out_channels : 0);
}

static enum err_code check_parameters(struct model *m, const struct model_limits *limits,
                                      struct err *e)
{
    m->parameters = 0;
    for (int i = 0; i < m->layer_count; i++)
        if (!size_add(m->parameters, layer_parameters(&m->layers[i]), &m->parameters) ||
            m->parameters > limits->max_parameters)
            return err_set_limit(
                e, ERR_MODEL_LIMIT, "max-model-parameters", limits->max_parameters,
                "$.layers[%d]: this layer brings the model over the limit of %zu parameters "
                "(--max-model-parameters)",
                i, limits->max_parameters);
    return ERR_OK;
}

static enum err_code check_head(const struct model *m, const struct model_limits *limits,
                                struct err *e)
{
    if (m->layer_count < 1 || !m->layers)
        return err_set(e, ERR_MODEL, "$.layers: at least one layer expected");
    if (m->layer_count > limits->max_layers)
        return err_set(e, ERR_MODEL_LIMIT, "$.layers: at most %d layers expected, not %d",
                       limits->max_layers, m->layer_count);
    if (m->scale < 1 || m->scale > 8)
        return err_set(e, ERR_MODEL, "$.scale: 1 to 8 expected, not %d", m->scale);
    if ((unsigned)m->color > COLOR_RGB)
        return err_set(e, ERR_MODEL, "$.color: \"y\" or \"rgb\" expected");
    if ((unsigned)m->border > BORDER_MODEL)
        return err_set(e, ERR_MODEL, "$.border: a known border expected");
    return ERR_OK;
}

enum err_code model_finish(struct model *m, const struct model_limits *limits, struct err *e)
{
    enum err_code rc = check_head(m, limits, e);
    if (rc)
        return rc;
    m->geometry = (struct model_geometry){0};
    m->geometry.in_channels = m->geometry.out_channels = m->color == COLOR_Y ? 1 : 3;
    for (int i = 0; !rc && i < m->layer_count; i++)
        rc = check_layer(m, i, e);
    if (rc)
        return rc;
    int last = m->layer_count - 1;
    if (m->layers[last].channels != m->geometry.out_channels)
        return err_set(e, ERR_MODEL,
                       "$.layers[%d]: %d channels expected from the last layer (\"color\": "
                       "\"%s\"), not %d",
                       last, m->geometry.out_channels, m->color == COLOR_Y ? "y" : "rgb",
                       m->layers[last].channels);
    if ((rc = check_parameters(m, limits, e)) || (rc = geometry_find(m, e)))
        return rc;
    if (!(m->geometry.macs_per_pixel <= limits->max_macs_per_pixel))
        return err_set_limit(e, ERR_MODEL_LIMIT, "max-model-macs",
                             (uint64_t)limits->max_macs_per_pixel,
                             "$.layers: %.0f multiply-accumulates a pixel are over the limit of "
                             "%.0f (--max-model-macs)",
                             m->geometry.macs_per_pixel, limits->max_macs_per_pixel);
    return ERR_OK;
}
