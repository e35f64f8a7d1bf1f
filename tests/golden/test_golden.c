/* test_golden.c - compares the outputs of the layers with PyTorch's own, which golden files hold
 * (make.py describes them). The tolerance is the error that float32 allows on either side;
 * tests/lib/nn_reference.c derives it. $GOLDEN_DIR names another folder of golden files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/layers.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_reference.h"
#include "tests/lib/nn_run.h"

static const struct {
    const char *name;
    int least; /* cases that the file must hold */
} files[] = {
    {"conv2d", 400},       {"conv_transpose2d", 400},
    {"relu", 40},          {"leaky_relu", 250},
    {"prelu", 250},        {"sigmoid", 40},
    {"tanh", 40},          {"clamp", 250},
    {"add", 250},          {"concat", 250},
    {"upsample", 250},     {"pixel_shuffle", 250},
    {"networks", 6},       {"max_pool2d", 250},
    {"max_unpool2d", 250}, {"silu", 40},
    {"gelu", 40},          {"mish", 40},
    {"hardswish", 40},     {"mul", 250},
    {"affine", 250},       {"pixel_unshuffle", 250},
};

struct picture {
    uint64_t seed;
    int width, height, channels;
    float *samples;
};

static int number(FILE *f)
{
    int n;
    if (fscanf(f, "%d", &n) != 1)
        ck_abort_msg("a number expected");
    return n;
}

static struct pair pair(FILE *f)
{
    int y = number(f);
    return (struct pair){y, number(f)};
}

static void read_conv(FILE *f, struct layer *l, uint64_t *seed)
{
    struct conv_params *c = &l->conv;
    c->in_channels = number(f);
    c->out_channels = number(f);
    c->groups = number(f);
    c->kernel_size = pair(f);
    c->stride = pair(f);
    c->padding = pair(f);
    c->output_padding = pair(f);
    c->dilation = pair(f);
    c->padding_mode = (enum padding_mode)number(f);
    build_weights(l, number(f) != 0, seed);
}

static void read_pool(FILE *f, struct pool_params *p)
{
    p->kernel_size = pair(f);
    p->stride = pair(f);
    p->padding = pair(f);
    p->dilation = pair(f);
    p->ceil_mode = number(f) != 0;
}

static void read_parameters(FILE *f, struct layer *l, uint64_t *seed)
{
    switch (l->kind) {
    case LAYER_CONV2D:
    case LAYER_CONV_TRANSPOSE2D:
        read_conv(f, l, seed);
        break;
    case LAYER_LEAKY_RELU:
        l->negative_slope = (float)number(f) / 256;
        break;
    case LAYER_PRELU:
        l->prelu.num_parameters = number(f);
        build_weights(l, false, seed);
        break;
    case LAYER_GELU:
        l->gelu = (enum gelu_approximate)number(f);
        break;
    case LAYER_AFFINE:
        l->affine.weight_count = number(f);
        l->affine.bias_count = number(f);
        build_weights(l, false, seed);
        break;
    case LAYER_CLAMP:
        l->clamp.min = (float)number(f) / 256;
        l->clamp.max = (float)number(f) / 256;
        break;
    case LAYER_PIXEL_SHUFFLE:
        l->upscale_factor = number(f);
        break;
    case LAYER_PIXEL_UNSHUFFLE:
        l->downscale_factor = number(f);
        break;
    case LAYER_UPSAMPLE:
        l->upsample.scale_factor = pair(f);
        l->upsample.mode = (enum upsample_mode)number(f);
        l->upsample.align_corners = number(f) != 0;
        break;
    case LAYER_MAX_POOL2D:
    case LAYER_MAX_UNPOOL2D:
        read_pool(f, &l->pool);
        break;
    default:
        break;
    }
}

static enum layer_kind kind_named(const char *name)
{
    for (int k = 0; k < LAYER_KINDS; k++)
        if (strcmp(layer_table[k].type, name) == 0)
            return (enum layer_kind)k;
    ck_abort_msg("unknown kind %s", name);
    return LAYER_KINDS;
}

/* Reads the layers of a case, up to and with the word "expect". */
static struct model *read_model(FILE *f, uint64_t *seed)
{
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    char word[32];
    while (fscanf(f, "%31s", word) == 1 && strcmp(word, "expect") != 0) {
        struct layer *l = build_layer(m, kind_named(word));
        l->input = number(f);
        l->other_count = number(f);
        ck_assert_int_le(l->other_count, LAYER_OTHERS_MAX);
        for (int k = 0; k < l->other_count; k++)
            l->others[k] = number(f);
        read_parameters(f, l, seed);
    }
    return m;
}

/* How many stored values ours are too far from; `off` is added to ours. */
static int compare(FILE *f, const struct ran *got, const struct exact *bound, double off)
{
    struct shape s = {number(f), number(f), number(f)};
    ck_assert_int_eq(got->shape.width, s.width);
    ck_assert_int_eq(got->shape.height, s.height);
    ck_assert_int_eq(got->shape.channels, s.channels);
    size_t stride = (size_t)number(f);
    size_t count = (size_t)s.width * (size_t)s.height * (size_t)s.channels;
    int wrong = 0;
    for (size_t k = 0; k < count; k += stride) {
        float want;
        if (fscanf(f, "%f", &want) != 1)
            ck_abort_msg("a value expected");
        double error = 2 * bound->error[k]; /* once for us, once for PyTorch */
        double have = (double)got->data[k] + off;
        wrong += !(fabs(have - (double)want) <= error);
    }
    return wrong;
}

/* One case; -1 at the end of the file, else the values that differ. */
static int check_case(FILE *f, double off)
{
    unsigned long long seed;
    struct picture p;
    if (fscanf(f, " case %llu %d %d %d", &seed, &p.width, &p.height, &p.channels) != 4)
        return -1;
    p.seed = seed;
    p.samples = build_samples((size_t)p.width * (size_t)p.height * (size_t)p.channels, &p.seed);
    struct model *m = read_model(f, &p.seed);
    struct err e = ERR_INIT;
    if (run_check(m, p.channels, &e) != ERR_OK)
        ck_abort_msg("case %llu: %s", seed, e.text);
    struct ran *got = run_model(m, p.samples, p.width, p.height, p.channels);
    if (!got)
        ck_abort_msg("case %llu: refused for its size", seed);
    struct exact *bound = exact_model(m, p.samples, p.width, p.height, p.channels);
    int wrong = compare(f, got, bound, off);
    exact_free(bound);
    ran_free(got);
    model_free(m);
    mem_free(p.samples);
    return wrong;
}

static FILE *open_file(const char *name)
{
    char path[4096];
    const char *folder = getenv("GOLDEN_DIR"), *top = getenv("top_srcdir");
    if (folder)
        snprintf(path, sizeof path, "%s/%s.txt", folder, name);
    else
        snprintf(path, sizeof path, "%s/tests/golden/%s.txt", top ? top : "..", name);
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    return f;
}

START_TEST(agrees_with_pytorch)
{
    FILE *f = open_file(files[_i].name);
    int cases = 0, wrong;
    while ((wrong = check_case(f, 0)) >= 0) {
        if (wrong > 0)
            ck_abort_msg("%s, case %d: %d values differ", files[_i].name, cases, wrong);
        cases++;
    }
    ck_assert_int_ge(cases, files[_i].least);
    ck_assert(feof(f));
    fclose(f);
}
END_TEST

START_TEST(a_thousandth_off_is_found_out)
{
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        FILE *f = open_file(files[k].name);
        ck_assert_int_gt(check_case(f, 1e-3), 0);
        fclose(f);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("golden");
    TCase *c = tcase_create("golden");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, agrees_with_pytorch, 0, sizeof files / sizeof *files);
    tcase_add_test(c, a_thousandth_off_is_found_out);
    suite_add_tcase(s, c);
    return harness_run(s);
}
