/* test_plan.c - a depth-first plan computes what a layerwise one computes, and the same bytes for
 * every area. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/harness.h"
#include "tests/lib/nn_agree.h"
#include "tests/lib/nn_kernels.h"
#include "tests/lib/nn_nets.h"

START_TEST(known_networks_go_depth_first)
{
    for (int k = 0; k < net_count; k++) {
        if (strcmp(nets[k].name, "wide") == 0)
            continue;
        for (uint64_t seed = 1; seed < 4; seed++) {
            struct err e = ERR_INIT;
            struct model *m = net_new(&nets[k], BORDER_REPLICATE, seed);
            ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
            bool streamed = agree_both_ways(m, nets[k].name, seed);
            ck_assert_int_eq(streamed, strcmp(nets[k].name, "unet") != 0);
            model_free(m);
        }
    }
}
END_TEST

START_TEST(random_networks_agree)
{
    int streamed = 0;
    for (uint64_t seed = 1; seed < 600; seed++) {
        struct err e = ERR_INIT;
        struct model *m = net_random(seed);
        char name[32];
        snprintf(name, sizeof name, "seed %d", (int)seed);
        if (model_finish(m, &model_default_limits, &e) == ERR_OK)
            streamed += agree_both_ways(m, name, seed);
        model_free(m);
    }
    ck_assert_int_ge(streamed, 60);
}
END_TEST

/* The network pads at the picture's edges by itself. */
START_TEST(padding_meets_the_edges)
{
    static const char *const names[] = {"fsrcnn", "espcn", "rrdbnet"};
    uint64_t seed = 77;
    for (int k = 0; k < net_count; k++) {
        bool padded = false;
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            padded = padded || strcmp(nets[k].name, names[n]) == 0;
        if (!padded)
            continue;
        for (int round = 0; round < 12; round++) {
            struct err e = ERR_INIT;
            struct model *m = net_new(&nets[k], BORDER_MODEL, seed);
            ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
            ck_assert(agree_padded(m, nets[k].name, &seed));
            model_free(m);
        }
    }
}
END_TEST

/* A mixed cluster gives one answer. */
START_TEST(kernel_sets_agree)
{
    uint64_t seed = 5;
    for (int k = 0; k < net_count; k++) {
        struct err e = ERR_INIT;
        if (strcmp(nets[k].name, "wide") == 0 || strcmp(nets[k].name, "unet") == 0)
            continue;
        struct model *m = net_new(&nets[k], BORDER_REPLICATE, seed);
        ck_assert_msg(model_finish(m, &model_default_limits, &e) == ERR_OK, "%s", e.text);
        agree_sets(m, nets[k].name, &seed);
        model_free(m);
    }
}
END_TEST

/* Areas compute their halos again, so larger ones cost less; the memory of a strip is worth less
 * the higher it is. Below these sizes nothing leaves the caches. */
START_TEST(small_cuts_and_low_strips_cost_more)
{
    struct model *m = net_new(&nets[0], BORDER_REPLICATE, 1);
    ck_assert_int_eq(model_finish(m, &model_default_limits, NULL), ERR_OK);
    struct plan *p = agree_plan(m, &kernels_plain);
    ck_assert(plan_has_strips(p));
    for (int side = 16; side <= 64; side *= 2) {
        ck_assert_double_gt(plan_cut_cost(p, side, side, 1), plan_cut_cost(p, 2 * side, side, 1));
        ck_assert_double_gt(plan_cut_cost(p, side, side, 1), plan_cut_cost(p, side, 2 * side, 1));
        ck_assert_double_gt(plan_cut_cost(p, side, side, 1), 1);
        ck_assert_double_gt(plan_strip_cost(p, side, side, 1), 0);
        ck_assert_double_eq_tol(plan_strip_cost(p, side, side, 1),
                                2 * plan_strip_cost(p, side, 2 * side, 1), 1e-9);
        /* the halo of a narrow strip takes memory too */
        ck_assert_double_ge(plan_strip_cost(p, side, side, 1),
                            plan_strip_cost(p, 2 * side, side, 1));
    }
    plan_free(p);
    model_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("plan");
    TCase *c = tcase_create("plan");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, known_networks_go_depth_first);
    tcase_add_test(c, random_networks_agree);
    tcase_add_test(c, padding_meets_the_edges);
    tcase_add_test(c, kernel_sets_agree);
    tcase_add_test(c, small_cuts_and_low_strips_cost_more);
    suite_add_tcase(s, c);
    return harness_run(s);
}
