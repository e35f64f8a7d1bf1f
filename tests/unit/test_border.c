/* test_border.c - the pixels that stand for positions beyond the edge, and the windows that reach
 * there. */
#include <stdlib.h>

#include "engine/tiles/border.h"
#include "engine/tiles/window.h"
#include "tests/lib/harness.h"
#include "tests/lib/nn_kernels.h"
#include "tests/lib/nn_nets.h"

START_TEST(maps_as_documented)
{
    static const struct {
        enum model_border border;
        int n, i, want;
    } rows[] = {
        {BORDER_REPLICATE, 5, -3, 0},
        {BORDER_REPLICATE, 5, 9, 4},
        {BORDER_REFLECT, 5, -1, 1},
        {BORDER_REFLECT, 5, -4, 4},
        {BORDER_REFLECT, 5, -5, 3},
        {BORDER_REFLECT, 5, 5, 3},
        {BORDER_REFLECT, 5, 8, 0},
        {BORDER_REFLECT, 5, 9, 1},
        {BORDER_REFLECT, 1, -7, 0},
        {BORDER_REFLECT, 2, -1, 1},
        {BORDER_WRAP, 5, -1, 4},
        {BORDER_WRAP, 5, -6, 4},
        {BORDER_WRAP, 5, 12, 2},
        {BORDER_ZERO, 5, -1, BORDER_NOTHING},
        {BORDER_ZERO, 5, 5, BORDER_NOTHING},
        {BORDER_MODEL, 5, 7, 4},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        ck_assert_int_eq(border_map(rows[k].border, rows[k].i, rows[k].n), rows[k].want);
    for (int b = BORDER_REPLICATE; b <= BORDER_MODEL; b++)
        for (int i = 0; i < 5; i++)
            ck_assert_int_eq(border_map((enum model_border)b, i, 5), i);
}
END_TEST

/* Checks what every chain of windows of a plan must satisfy. If `layerwise`, the windows are
 * whole. */
static void check_chain(const struct plan *p, bool layerwise, enum model_border border, int stages,
                        int side, int from, int to)
{
    const struct model_geometry *g = &plan_model(p)->geometry;
    struct window_chain c = {.axis = AXIS_X};
    struct chain chain = chain_repeated(p, stages);
    window_chain_find(&(struct window_job){&chain, border, side}, (struct span){from, to}, &c);
    int bound = window_bound(&chain, 1, to - from);
    bool padded = border == BORDER_MODEL;
    for (int k = stages; k >= 1; k--) {
        const struct window_span *s = &c.stage[k];
        int n = chain_side(&chain, k - 1, side);
        ck_assert_int_le(s->end - s->begin, bound);
        ck_assert_int_lt(s->begin, s->end);
        if (layerwise) {
            ck_assert_int_ge(s->end - s->begin, g->least);
            ck_assert_int_eq(s->begin % g->align, 0);
            ck_assert_int_eq((s->end - s->begin) % g->align, 0);
            /* the window has all that is wanted, with its halo or up to the picture's edge */
            int halo = padded ? 0 : g->halo;
            ck_assert((s->begin + halo) * g->scale <= from || (padded && s->begin == 0));
            ck_assert((s->end - halo) * g->scale >= to || (padded && s->end >= n));
        }
        for (int i = s->begin; i < s->end; i++) {
            bool computed = border == BORDER_WRAP && k > 1;
            int at = computed ? i : border_map(border, i, n);
            ck_assert(at == BORDER_NOTHING || (at >= s->first && at < s->last));
        }
        from = s->first;
        to = s->last;
    }
}

/* Checks chains of one random model, with both kinds of plan. */
static void check_model(const struct model *m, uint64_t *seed)
{
    const struct kernels *kernels[2] = {NULL, &kernels_plain};
    for (int k = 0; k < 2; k++) {
        struct plan *p = NULL;
        ck_assert_int_eq(plan_new(m, kernels[k], &p, NULL), ERR_OK);
        for (int round = 0; round < 10; round++) {
            enum model_border border = (enum model_border)harness_between(seed, 0, 3);
            if (m->border == BORDER_MODEL && round % 2 == 0)
                border = BORDER_MODEL;
            int side = harness_between(seed, 1, 60), stages = harness_between(seed, 1, 3);
            struct chain chain = chain_repeated(p, stages);
            int out = chain_side(&chain, stages, side);
            int from = harness_between(seed, 0, out - 1);
            check_chain(p, k == 0, border, stages, side, from,
                        harness_between(seed, from + 1, out));
        }
        plan_free(p);
    }
}

START_TEST(windows_hold_what_is_asked)
{
    uint64_t seed = 20261123;
    for (uint64_t net = 1; net < 200; net++) {
        struct err e = ERR_INIT;
        struct model *m = net_random(net);
        if (model_finish(m, &model_default_limits, &e) == ERR_OK)
            check_model(m, &seed);
        model_free(m);
        m = net_new(&nets[net % 2], BORDER_MODEL, net); /* fsrcnn and espcn pad as needed */
        ck_assert_int_eq(model_finish(m, &model_default_limits, &e), ERR_OK);
        check_model(m, &seed);
        model_free(m);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("border");
    TCase *c = tcase_create("border");
    tcase_add_test(c, maps_as_documented);
    tcase_add_test(c, windows_hold_what_is_asked);
    suite_add_tcase(s, c);
    return harness_run(s);
}
