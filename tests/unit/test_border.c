/* test_border.c - what stands for a pixel beyond the edge, and the windows that reach there. */
#include <stdlib.h>

#include "engine/border.h"
#include "engine/window.h"
#include "tests/harness.h"

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

/* Geometry of every kind of network, and what must hold for any window of it. */
static void check_chain(const struct model_geometry *g, enum model_border border, int stages,
                        int side, int from, int to)
{
    struct window_chain c;
    window_chain_find(g, border, stages, side, from, to, &c);
    int bound = window_bound(g, stages, to - from);
    for (int k = stages; k >= 1; k--) {
        const struct window_span *s = &c.stage[k];
        int n = window_side(g, k - 1, side);
        ck_assert_int_le(s->end - s->begin, bound);
        ck_assert_int_ge(s->end - s->begin, g->least);
        ck_assert_int_eq(s->begin % g->align, 0);
        ck_assert_int_eq((s->end - s->begin) % g->align, 0);
        /* all that is asked for, with its halo or up to the picture's edge */
        int reach = border == BORDER_MODEL ? 0 : g->halo;
        ck_assert(s->begin * g->scale <= from - reach * g->scale ||
                  (border == BORDER_MODEL && s->begin == 0));
        ck_assert(s->end * g->scale >= to + reach * g->scale ||
                  (border == BORDER_MODEL && s->end >= n));
        for (int i = s->begin; i < s->end; i++) {
            bool computed = border == BORDER_WRAP && k > 1;
            int at = computed ? i : border_map(border, i, n);
            ck_assert(at == BORDER_NOTHING || (at >= s->first && at < s->last));
        }
        from = s->first;
        to = s->last;
    }
}

START_TEST(windows_hold_what_is_asked)
{
    uint64_t seed = 20261123;
    for (int round = 0; round < 2000; round++) {
        int align = 1 << harness_between(&seed, 0, 3);
        struct model_geometry g = {
            .scale = harness_between(&seed, 2, 4),
            .halo = harness_between(&seed, 0, 20),
            .align = align,
            .least = align * harness_between(&seed, 1, 6),
        };
        enum model_border border = (enum model_border)harness_between(&seed, 0, 4);
        int side = harness_between(&seed, 1, 60), stages = harness_between(&seed, 1, 3);
        int out = window_side(&g, stages, side);
        int from = harness_between(&seed, 0, out - 1), to = harness_between(&seed, from + 1, out);
        check_chain(&g, border, stages, side, from, to);
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
