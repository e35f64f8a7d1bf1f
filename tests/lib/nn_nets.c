/* nn_nets.c - see nn_nets.h. */
#include "tests/lib/nn_nets.h"

#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"

static void conv(struct model *m, int in, int out, int kernel, int padding)
{
    build_conv(m, LAYER_CONV2D, in, out, kernel, 1, padding);
}

static void leaky(struct model *m)
{
    build_layer(m, LAYER_LEAKY_RELU)->negative_slope = 0.1f;
}

/* Dong, Loy, Tang 2016: FSRCNN(56, 12, 4) with its 9x9 deconvolution. */
static void fsrcnn(struct model *m)
{
    conv(m, 1, 56, 5, 2);
    build_prelu(m, 56);
    conv(m, 56, 12, 1, 0);
    build_prelu(m, 12);
    for (int k = 0; k < 4; k++)
        conv(m, 12, 12, 3, 1);
    build_prelu(m, 12);
    conv(m, 12, 56, 1, 0);
    build_prelu(m, 56);
    struct layer *l = build_conv(m, LAYER_CONV_TRANSPOSE2D, 56, 1, 9, 2, 4);
    l->conv.output_padding = (struct pair){1, 1};
}

/* Shi et al. 2016: sub-pixel convolution. */
static void espcn(struct model *m)
{
    conv(m, 1, 64, 5, 2);
    build_layer(m, LAYER_TANH);
    conv(m, 64, 32, 3, 1);
    build_layer(m, LAYER_TANH);
    conv(m, 32, 4, 3, 1);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
}

/* Bhardwaj et al. 2022, collapsed: two long skips. It is unpadded, so that adding crops. */
static void sesr(struct model *m)
{
    conv(m, 1, 16, 5, 0);
    build_prelu(m, 16);
    for (int k = 0; k < 5; k++) {
        conv(m, 16, 16, 3, 0);
        build_prelu(m, 16);
    }
    build_with(m, LAYER_ADD, 1);
    conv(m, 16, 4, 5, 0);
    struct layer *l =
        build_with(m, LAYER_CONCAT, LAYER_INPUT); /* repeats the picture, for a nearest upscale as
                                                   * the skip */
    l->input = l->others[1] = l->others[2] = LAYER_INPUT;
    l->other_count = 3;
    build_with(m, LAYER_ADD, m->layer_count - 2);
    build_layer(m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
}

/* A U: pooling, unpooling, and a skip by concat. */
static void unet(struct model *m)
{
    conv(m, 3, 8, 3, 1);
    build_layer(m, LAYER_RELU);            /* 1 */
    build_pool(m, LAYER_MAX_POOL2D, 2, 2); /* 2 */
    conv(m, 8, 8, 3, 1);
    build_layer(m, LAYER_RELU);
    build_with(m, LAYER_MAX_UNPOOL2D, 2)->pool = m->layers[2].pool;
    build_with(m, LAYER_CONCAT, 1);
    conv(m, 16, 8, 3, 1);
    build_layer(m, LAYER_SIGMOID);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 8, 3, 4, 2, 1);
}

static void waifu2x(struct model *m, const int *widths, int count)
{
    for (int k = 0; k + 1 < count; k++) {
        conv(m, widths[k], widths[k + 1], 3, 0);
        leaky(m);
    }
}

static void vgg_7(struct model *m)
{
    static const int widths[] = {3, 32, 32, 64, 64, 128, 128};
    build_upsample(m, 2, UPSAMPLE_NEAREST);
    waifu2x(m, widths, 7);
    conv(m, 128, 3, 3, 0);
    build_layer(m, LAYER_CLAMP)->clamp = (struct clamp_params){0, 1};
}

static void upconv_7(struct model *m)
{
    static const int widths[] = {3, 16, 32, 64, 128, 128, 256};
    waifu2x(m, widths, 7);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 256, 3, 4, 2, 3);
    build_layer(m, LAYER_CLAMP)->clamp = (struct clamp_params){0, 1};
}

/* Wang et al. 2018, ESRGAN: pixel_unshuffle, a dense block, and two nearest enlargements. */
static void rrdbnet(struct model *m)
{
    build_layer(m, LAYER_PIXEL_UNSHUFFLE)->downscale_factor = 2; /* 0 */
    conv(m, 12, 16, 3, 1);
    conv(m, 16, 16, 3, 1); /* 2 */
    leaky(m);
    build_with(m, LAYER_CONCAT, 3)->input = 1;
    conv(m, 32, 16, 3, 1);
    build_layer(m, LAYER_AFFINE)->affine = (struct affine_params){.weight_count = 1};
    build_with(m, LAYER_ADD, 1);
    for (int k = 0; k < 2; k++) {
        build_upsample(m, 2, UPSAMPLE_NEAREST);
        conv(m, 16, 16, 3, 1);
        leaky(m);
    }
    conv(m, 16, 3, 3, 1);
}

/* Enlarges many channels to a few, so that their phases share a block. An activation with a slope
 * for each channel and an add of two of them follow. */
static void folded(struct model *m)
{
    conv(m, 1, 64, 3, 0); /* 0 */
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 64, 3, 4, 2, 1);
    build_prelu(m, 3); /* 2 */
    struct layer *l = build_conv(m, LAYER_CONV_TRANSPOSE2D, 64, 3, 5, 2, 2);
    l->conv.output_padding = (struct pair){1, 1};
    l->input = 0;
    build_prelu(m, 3);
    build_with(m, LAYER_ADD, 2);
    conv(m, 3, 1, 1, 0);
}

/* The largest layer that must work, as a model. */
static void wide(struct model *m)
{
    conv(m, 3, 2048, 1, 0);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 2048, 256, 4, 2, 1);
    conv(m, 256, 3, 1, 0);
}

const struct net nets[] = {
    {"fsrcnn", fsrcnn, COLOR_Y}, {"espcn", espcn, COLOR_Y},   {"sesr", sesr, COLOR_Y},
    {"unet", unet, COLOR_RGB},   {"vgg_7", vgg_7, COLOR_RGB}, {"upconv_7", upconv_7, COLOR_RGB},
    {"folded", folded, COLOR_Y}, {"wide", wide, COLOR_RGB},   {"rrdbnet", rrdbnet, COLOR_RGB},
};
const int net_count = sizeof nets / sizeof *nets;

const struct net *net_find(const char *name)
{
    const struct net *found = NULL;
    for (int i = 0; i < net_count; i++)
        if (strcmp(nets[i].name, name) == 0)
            found = &nets[i];
    ck_assert_msg(found != NULL, "no network is named %s", name);
    return found;
}

struct model *net_new(const struct net *n, enum model_border border, uint64_t seed)
{
    struct model *m = build_model(n->color, 2, border);
    n->build(m);
    build_all_weights(m, seed);
    return m;
}

/* A random network that is being built. */
struct growth {
    struct model *m;
    uint64_t *seed;
    int channels;
};

static int one_of(struct growth *g, int least, int most)
{
    return harness_between(g->seed, least, most);
}

static void any_activation(struct growth *g)
{
    static const enum layer_kind kinds[] = {
        LAYER_RELU, LAYER_LEAKY_RELU, LAYER_PRELU, LAYER_SIGMOID,   LAYER_TANH,  LAYER_CLAMP,
        LAYER_SILU, LAYER_GELU,       LAYER_MISH,  LAYER_HARDSWISH, LAYER_AFFINE};
    struct layer *l = build_layer(g->m, kinds[one_of(g, 0, 10)]);
    if (l->kind == LAYER_LEAKY_RELU)
        l->negative_slope = 0.25f;
    else if (l->kind == LAYER_PRELU)
        l->prelu.num_parameters = one_of(g, 0, 1) ? g->channels : 1;
    else if (l->kind == LAYER_AFFINE)
        l->affine = (struct affine_params){.weight_count = one_of(g, 0, 1) ? g->channels : 1,
                                           .bias_count = one_of(g, 0, 1) ? g->channels : 1};
    else if (l->kind == LAYER_CLAMP)
        l->clamp = (struct clamp_params){-1, 1};
}

static void any_conv(struct growth *g, int stride)
{
    int out = one_of(g, 1, 10);
    struct layer *l = build_conv(g->m, LAYER_CONV2D, g->channels, out, 1, stride, 0);
    l->conv.kernel_size = (struct pair){one_of(g, 1, 4), one_of(g, 1, 4)};
    l->conv.padding = (struct pair){one_of(g, 0, 2), one_of(g, 0, 2)};
    l->conv.dilation.x = one_of(g, 1, 2);
    l->conv.padding_mode = (enum padding_mode)one_of(g, PADDING_ZEROS, PADDING_REFLECT);
    g->channels = out;
}

static void any_way_up(struct growth *g)
{
    struct layer *l;
    switch (one_of(g, 0, 3)) {
    case 0:
        build_upsample(g->m, 2, (enum upsample_mode)one_of(g, 0, 2));
        break;
    case 1:
        build_conv(g->m, LAYER_CONV2D, g->channels, 8, 1, 1, 0);
        build_layer(g->m, LAYER_PIXEL_SHUFFLE)->upscale_factor = 2;
        g->channels = 2;
        break;
    default:
        l = build_conv(g->m, LAYER_CONV_TRANSPOSE2D, g->channels, one_of(g, 1, 9), 1, 2, 0);
        l->conv.kernel_size = (struct pair){one_of(g, 1, 5), one_of(g, 1, 5)};
        l->conv.padding = (struct pair){one_of(g, 0, 3), one_of(g, 0, 3)};
        l->conv.output_padding = (struct pair){one_of(g, 0, 1), one_of(g, 0, 1)};
        g->channels = l->conv.out_channels;
    }
}

static struct layer *any_pool(struct growth *g)
{
    struct layer *l = build_pool(g->m, LAYER_MAX_POOL2D, one_of(g, 2, 3), 2);
    l->pool.padding.y = one_of(g, 0, l->pool.kernel_size.y / 2);
    l->pool.ceil_mode = one_of(g, 0, 1);
    return l;
}

/* Adds layers that halve the size and double it again. */
static void any_valley(struct growth *g)
{
    int kind = one_of(g, 0, 3);
    if (kind == 3) {
        build_layer(g->m, LAYER_PIXEL_UNSHUFFLE)->downscale_factor = 2;
        g->channels *= 4;
    }
    if (kind == 0 || kind == 3) {
        any_conv(g, kind == 0 ? 2 : 1);
        any_activation(g);
        any_way_up(g);
        return;
    }
    int pool = g->m->layer_count;
    struct pool_params p = any_pool(g)->pool;
    any_activation(g);
    if (kind == 1)
        any_way_up(g);
    else
        build_with(g->m, LAYER_MAX_UNPOOL2D, pool)->pool = p;
}

struct model *net_random(uint64_t seed)
{
    struct growth g = {build_model(COLOR_Y, 2, BORDER_REPLICATE), &seed, 1};
    int skip = LAYER_INPUT, skip_channels = 1;
    for (int k = one_of(&g, 1, 6); k > 0; k--) {
        int kind = one_of(&g, 0, 5);
        if (kind <= 1) {
            any_conv(&g, 1);
        } else if (kind == 2) {
            any_activation(&g);
        } else if (kind == 3) {
            any_valley(&g);
        } else if (kind == 4 && skip_channels == g.channels) {
            build_with(g.m, LAYER_ADD, skip);
        } else {
            build_with(g.m, LAYER_CONCAT, skip);
            g.channels += skip_channels;
        }
        if (one_of(&g, 0, 2) == 0) {
            skip = g.m->layer_count - 1;
            skip_channels = g.channels;
        }
    }
    any_way_up(&g);
    build_conv(g.m, LAYER_CONV2D, g.channels, 1, one_of(&g, 1, 3), 1, one_of(&g, 0, 1));
    if (one_of(&g, 0, 1)) {
        g.channels = 1;
        any_activation(&g);
    }
    build_all_weights(g.m, seed);
    return g.m;
}

struct model *net_padded(bool whole)
{
    struct model *m = build_model(COLOR_Y, 2, BORDER_MODEL);
    conv(m, 1, 4, 3, 1);
    build_layer(m, LAYER_RELU);
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 4, 1, 4, 2, 1);
    if (whole)
        m->layers[0].conv.padding_mode = PADDING_CIRCULAR;
    return m;
}

struct model *net_pooling(void)
{
    struct model *m = build_model(COLOR_Y, 2, BORDER_REFLECT);
    conv(m, 1, 3, 3, 1);
    build_pool(m, LAYER_MAX_POOL2D, 2, 2);
    conv(m, 3, 3, 3, 1);
    struct layer *unpool = build_pool(m, LAYER_MAX_UNPOOL2D, 2, 2);
    unpool->others[0] = 1;
    unpool->other_count = 1;
    build_conv(m, LAYER_CONV_TRANSPOSE2D, 3, 1, 4, 2, 1);
    return m;
}
