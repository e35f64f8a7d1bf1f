/* test_layers.c - compares every layer kind with double arithmetic, within derived bounds, for
 * hundreds of random parameter sets, and with the exact answers that PyTorch documents. */
#include <math.h>
#include <stdlib.h>

#include "engine/base/mem.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_build.h"
#include "tests/lib/nn_reference.h"
#include "tests/lib/nn_run.h"

enum { SETS = 250, ATTEMPTS = 4000 };

static void compare(const struct ran *got, const struct exact *want, uint64_t seed)
{
    ck_assert_int_eq(got->shape.width, want->width);
    ck_assert_int_eq(got->shape.height, want->height);
    ck_assert_int_eq(got->shape.channels, want->channels);
    for (int k = 0; k < want->width * want->height * want->channels; k++)
        if (!(fabs((double)got->data[k] - want->value[k]) <= want->error[k]))
            ck_abort_msg("seed %llu, sample %d: %.9g, but %.9g +- %.3g", (unsigned long long)seed,
                         k, (double)got->data[k], want->value[k], want->error[k]);
}

/* Makes a network with the layers that the kind needs before it, and a random layer of the kind. */
static struct model *random_model(enum layer_kind kind, int *channels, uint64_t *seed)
{
    static const int shuffled[] = {4, 9, 36};
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    *channels = kind == LAYER_PIXEL_SHUFFLE ? shuffled[harness_between(seed, 0, 2)]
                                            : harness_between(seed, 1, 9);
    if (kind == LAYER_ADD || kind == LAYER_MUL || kind == LAYER_CONCAT) {
        build_pool(m, LAYER_MAX_POOL2D, harness_between(seed, 1, 4), 1);
        build_pool(m, LAYER_MAX_POOL2D, harness_between(seed, 1, 4), 1);
        struct layer *l = build_with(m, kind, harness_between(seed, -1, 0));
        if (harness_between(seed, 0, 1))
            l->others[l->other_count++] = harness_between(seed, -1, 1);
    } else if (kind == LAYER_MAX_UNPOOL2D) {
        struct layer *pool = random_layer(m, LAYER_MAX_POOL2D, *channels, seed);
        build_layer(m, LAYER_RELU);
        struct layer *l = build_with(m, kind, 0);
        l->pool = pool->pool;
    } else {
        random_layer(m, kind, *channels, seed);
    }
    return m;
}

/* Makes one attempt. Returns whether the random parameters fitted the random picture. */
static bool agrees_once(enum layer_kind kind, uint64_t seed)
{
    uint64_t start = seed;
    int channels;
    struct model *m = random_model(kind, &channels, &seed);
    int width = harness_between(&seed, 1, 19), height = harness_between(&seed, 1, 9);
    float *picture = build_samples((size_t)(width * height * channels), &seed);
    struct err e = ERR_INIT;
    struct ran *got = NULL;
    struct exact *want = NULL;
    if (run_check(m, channels, &e) == ERR_OK)
        got = run_model(m, picture, width, height, channels);
    if (got) {
        want = exact_model(m, picture, width, height, channels);
        ck_assert_ptr_nonnull(want);
        compare(got, want, start);
    }
    bool fitted = got != NULL;
    ran_free(got);
    exact_free(want);
    mem_free(picture);
    model_free(m);
    return fitted;
}

START_TEST(agrees_with_double_arithmetic)
{
    int fitted = 0;
    for (uint64_t n = 0; fitted < SETS; n++) {
        ck_assert_msg(n < ATTEMPTS, "only %d sets fit", fitted);
        fitted += agrees_once((enum layer_kind)_i, 1000003 * n + (uint64_t)_i);
    }
}
END_TEST

/* Overlapping windows have one maximum, 9, in the middle, so all four values belong to its
 * place. */
START_TEST(last_of_several_values_for_one_place_stays)
{
    float picture[9] = {1, 2, 3, 4, 9, 5, 6, 7, 8}, values[4] = {10, 20, 30, 40};
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    struct layer *pool = build_pool(m, LAYER_MAX_POOL2D, 2, 1);
    struct layer *unpool = build_pool(m, LAYER_MAX_UNPOOL2D, 2, 1);
    struct shape small = {2, 2, 1}, large = {3, 3, 1};
    struct ran in = {.shape = large, .data = picture};
    struct ran *pooled = run_layer(pool, &in, 1, small);
    for (int k = 0; k < 4; k++) {
        ck_assert_int_eq(pooled->indices[k], 4);
        ck_assert_float_eq(pooled->data[k], 9);
    }
    struct ran ins[3] = {{.shape = small, .data = values}, *pooled, in};
    struct ran *out = run_layer(unpool, ins, 3, large);
    for (int k = 0; k < 9; k++)
        ck_assert_float_eq(out->data[k], k == 4 ? 40 : 0);
    ran_free(out);
    ran_free(pooled);
    model_free(m);
}
END_TEST

START_TEST(first_of_equal_maxima_is_the_one)
{
    float picture[4] = {3, 7, 7, 7};
    struct model *m = build_model(COLOR_Y, 2, BORDER_REPLICATE);
    struct layer *pool = build_pool(m, LAYER_MAX_POOL2D, 2, 2);
    struct ran in = {.shape = {2, 2, 1}, .data = picture};
    struct ran *out = run_layer(pool, &in, 1, (struct shape){1, 1, 1});
    ck_assert_int_eq(out->indices[0], 1);
    ran_free(out);
    model_free(m);
}
END_TEST

/* The linter depends on this to find models that compute NaN. */
START_TEST(activations_let_nan_through)
{
    static const enum layer_kind kinds[] = {
        LAYER_RELU, LAYER_LEAKY_RELU, LAYER_PRELU, LAYER_SIGMOID,   LAYER_TANH,  LAYER_CLAMP,
        LAYER_SILU, LAYER_GELU,       LAYER_MISH,  LAYER_HARDSWISH, LAYER_AFFINE};
    float slope = 0.5f;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct layer l = {.kind = kinds[k]};
        if (l.kind == LAYER_PRELU)
            l.prelu = (struct prelu_params){1, &slope};
        if (l.kind == LAYER_AFFINE)
            l.affine = (struct affine_params){1, 0, &slope, NULL};
        float v = NAN;
        layer_activate(&l, &v, 1, 1);
        ck_assert(isnan(v));
    }
}
END_TEST

START_TEST(kinds_have_distinct_names)
{
    for (int i = 0; i < LAYER_KINDS; i++) {
        ck_assert_ptr_nonnull(layer_table[i].type);
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(layer_table[i].type, layer_table[k].type);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("layers");
    TCase *c = tcase_create("layers");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, agrees_with_double_arithmetic, 0, LAYER_KINDS);
    tcase_add_test(c, last_of_several_values_for_one_place_stays);
    tcase_add_test(c, first_of_equal_maxima_is_the_one);
    tcase_add_test(c, activations_let_nan_through);
    tcase_add_test(c, kinds_have_distinct_names);
    suite_add_tcase(s, c);
    return harness_run(s);
}
