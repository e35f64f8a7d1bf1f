/* nn_run.c - see nn_run.h. */
#include "tests/lib/nn_run.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/geometry.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"

enum { GUARD = 32 }; /* guard floats on each side of the output */
#define GUARD_VALUE -12345.5f

enum err_code run_check(struct model *m, int channels, struct err *e)
{
    for (int i = 0; i < m->layer_count; i++) {
        struct layer *l = &m->layers[i];
        int ids[LAYER_INPUTS_MAX], in_channels[LAYER_INPUTS_MAX];
        int count = geometry_inputs(m, i, ids);
        for (int k = 0; k < count; k++)
            in_channels[k] = ids[k] < 0 ? channels : m->layers[ids[k]].channels;
        enum err_code rc = layer_table[l->kind].check(
            l, &(struct layer_inputs){i, in_channels, count}, &l->channels, e);
        if (rc)
            return rc;
    }
    return ERR_OK;
}

static size_t samples_of(struct shape s)
{
    return (size_t)s.width * (size_t)s.height * (size_t)s.channels;
}

static struct ran *ran_new(struct shape shape)
{
    struct ran *r = calloc(1, sizeof *r);
    r->shape = shape;
    r->data = mem_alloc(samples_of(shape), sizeof *r->data);
    return r;
}

void ran_free(struct ran *r)
{
    if (!r)
        return;
    mem_free(r->data);
    mem_free(r->indices);
    free(r);
}

struct ran *run_layer(const struct layer *l, const struct ran *in, int in_count, struct shape out)
{
    const struct layer_row *row = &layer_table[l->kind];
    struct ran *r = ran_new(out);
    struct layer_run run = {.layer = l, .in_count = in_count, .out_shape = out};
    float *packed = NULL;
    size_t count = samples_of(out), floats;
    if (row->packed_floats) {
        ck_assert(row->packed_floats(l, &floats));
        packed = mem_alloc(floats, sizeof *packed);
        row->pack(l, packed);
        run.packed = packed;
    }
    for (int k = 0; k < in_count; k++) {
        run.in[k] = in[k].data;
        run.in_shape[k] = in[k].shape;
    }
    float *guarded = mem_alloc(count + 2 * GUARD, sizeof *guarded);
    for (size_t k = 0; k < count + 2 * GUARD; k++)
        guarded[k] = GUARD_VALUE;
    run.out = guarded + GUARD;
    if (l->kind == LAYER_MAX_POOL2D)
        run.indices = r->indices = mem_alloc(count, sizeof *r->indices);
    if (l->kind == LAYER_MAX_UNPOOL2D)
        run.indices = in[1].indices;
    row->run(&run);
    memcpy(r->data, guarded + GUARD, count * sizeof *r->data);
    uint32_t guard, bits[2];
    memcpy(&guard, &(float){GUARD_VALUE}, sizeof guard);
    for (size_t k = 0; k < GUARD; k++) {
        memcpy(&bits[0], &guarded[k], sizeof guard);
        memcpy(&bits[1], &guarded[GUARD + count + k], sizeof guard);
        if (bits[0] != guard || bits[1] != guard)
            ck_abort_msg("%s wrote beyond its output", row->type);
    }
    mem_free(guarded);
    mem_free(packed);
    return r;
}

struct ran *run_model(struct model *m, const float *picture, int width, int height, int channels)
{
    size_t tensors = (size_t)m->layer_count + 1;
    struct extent *y = calloc(tensors, sizeof *y), *x = calloc(tensors, sizeof *x);
    struct ran **all = calloc(tensors, sizeof *all), *out = NULL;
    if (geometry_walk(m, AXIS_Y, height, y) < m->layer_count ||
        geometry_walk(m, AXIS_X, width, x) < m->layer_count)
        goto done;
    all[0] = ran_new((struct shape){width, height, channels});
    memcpy(all[0]->data, picture, samples_of(all[0]->shape) * sizeof *picture);
    for (int i = 0; i < m->layer_count; i++) {
        struct ran in[LAYER_INPUTS_MAX];
        int ids[LAYER_INPUTS_MAX], count = geometry_inputs(m, i, ids);
        for (int k = 0; k < count; k++)
            in[k] = *all[1 + ids[k]];
        struct shape s = {(int)x[1 + i].size, (int)y[1 + i].size, m->layers[i].channels};
        all[1 + i] = run_layer(&m->layers[i], in, count, s);
    }
    out = all[m->layer_count];
    for (int i = 0; i < m->layer_count; i++)
        ran_free(all[i]);
done:
    free(all);
    free(x);
    free(y);
    return out;
}

static struct pair random_pair(int least, int most, uint64_t *seed)
{
    struct pair p = {harness_between(seed, least, most), 0};
    p.x = harness_between(seed, 0, 2) > 0 ? p.y : harness_between(seed, least, most);
    return p;
}

static void random_conv(struct layer *l, int channels, uint64_t *seed)
{
    struct conv_params *c = &l->conv;
    bool transposed = l->kind == LAYER_CONV_TRANSPOSE2D;
    c->groups = harness_between(seed, 0, 2) == 0 ? channels : 1;
    c->in_channels = channels;
    c->out_channels = c->groups * harness_between(seed, 1, c->groups > 1 ? 3 : 18);
    c->kernel_size = random_pair(1, 5, seed);
    c->stride = random_pair(1, 3, seed);
    c->padding = random_pair(0, 3, seed);
    c->dilation = random_pair(1, 2, seed);
    if (!transposed)
        c->padding_mode = (enum padding_mode)harness_between(seed, 0, 3);
    else
        c->output_padding = (struct pair){
            harness_between(seed, 0,
                            c->stride.y > c->dilation.y ? c->stride.y - 1 : c->dilation.y - 1),
            harness_between(seed, 0,
                            c->stride.x > c->dilation.x ? c->stride.x - 1 : c->dilation.x - 1)};
    build_weights(l, harness_between(seed, 0, 1), seed);
}

struct layer *random_layer(struct model *m, enum layer_kind kind, int channels, uint64_t *seed)
{
    struct layer *l = build_layer(m, kind);
    switch (kind) {
    case LAYER_CONV2D:
    case LAYER_CONV_TRANSPOSE2D:
        random_conv(l, channels, seed);
        break;
    case LAYER_LEAKY_RELU:
        l->negative_slope = harness_float(seed);
        break;
    case LAYER_PRELU:
        l->prelu.num_parameters = harness_between(seed, 0, 1) ? channels : 1;
        build_weights(l, false, seed);
        break;
    case LAYER_GELU:
        l->gelu = (enum gelu_approximate)harness_between(seed, 0, 1);
        break;
    case LAYER_AFFINE:
        l->affine.weight_count = harness_between(seed, 0, 1) ? channels : 1;
        l->affine.bias_count = harness_between(seed, 0, 1) ? channels : harness_between(seed, 0, 1);
        build_weights(l, false, seed);
        break;
    case LAYER_CLAMP:
        l->clamp = (struct clamp_params){harness_float(seed), harness_float(seed)};
        break;
    case LAYER_PIXEL_SHUFFLE:
        l->upscale_factor = channels % 9 == 0 ? 3 : channels % 4 == 0 ? 2 : 1;
        break;
    case LAYER_PIXEL_UNSHUFFLE:
        l->downscale_factor = harness_between(seed, 1, 3);
        break;
    case LAYER_UPSAMPLE:
        l->upsample.scale_factor = random_pair(1, 4, seed);
        l->upsample.mode = (enum upsample_mode)harness_between(seed, 0, 2);
        l->upsample.align_corners =
            l->upsample.mode != UPSAMPLE_NEAREST && harness_between(seed, 0, 1);
        break;
    case LAYER_MAX_POOL2D:
        l->pool.kernel_size = random_pair(1, 4, seed);
        l->pool.stride = random_pair(1, 4, seed);
        l->pool.padding = (struct pair){harness_between(seed, 0, l->pool.kernel_size.y / 2),
                                        harness_between(seed, 0, l->pool.kernel_size.x / 2)};
        l->pool.dilation = random_pair(1, 2, seed);
        l->pool.ceil_mode = harness_between(seed, 0, 1);
        break;
    default:
        break;
    }
    return l;
}
