/* test_lint.c - good models pass the linter; each deliberate fault is found, and no other. */
#include <string.h>

#include "server/commands/lint.h"
#include "tests/lib/harness.h"
#include "tests/lib/model_text.h"

#define RGB_HEAD FORMAT "\"scale\": 2, \"color\": \"rgb\", "
#define CUBIC "{\"type\": \"upsample\", \"scale_factor\": 2, \"mode\": \"bicubic\"}"
#define TENT_ROWS "[0.0625, 0.1875, 0.1875, 0.0625], [0.1875, 0.5625, 0.5625, 0.1875]"
#define TENT                                                                                       \
    "{\"type\": \"conv_transpose2d\", \"in_channels\": 1, \"out_channels\": 1, \"kernel_size\": "  \
    "4, \"stride\": 2, \"padding\": 1, \"weight\": [[[" TENT_ROWS                                  \
    ", [0.1875, 0.5625, 0.5625, 0.1875], [0.0625, 0.1875, 0.1875, 0.0625]]]]}"
#define POINT(weight, bias)                                                                        \
    "{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 1, \"kernel_size\": 1, "         \
    "\"weight\": [" weight "], \"bias\": [" bias "]}"
/* a kernel of 3x3 with stride 2, whose middle alone meets every other sample */
#define UNEVEN                                                                                     \
    "{\"type\": \"conv_transpose2d\", \"in_channels\": 1, \"out_channels\": 1, \"kernel_size\": "  \
    "3, \"stride\": 2, \"padding\": 1, \"output_padding\": 1, \"weight\": [0.25, 0.5, 0.25, 0.5, " \
    "0.9, 0.5, 0.25, 0.5, 0.25]}"
#define PADDED                                                                                     \
    "{\"type\": \"conv2d\", \"in_channels\": 1, \"out_channels\": 1, \"kernel_size\": 3, "         \
    "\"padding\": 1, \"weight\": [0, 0.1, 0, 0.1, 0.6, 0.1, 0, 0.1, 0]}"

static struct lint linted(const char *text)
{
    struct model *m = model_loaded(text);
    struct plan *p = NULL;
    struct lint l;
    struct err e = ERR_INIT;
    ck_assert_int_eq(plan_new(m, kernels_find(NULL), &p, &e), ERR_OK);
    ck_assert_msg(lint_run(p, &l, &e) == ERR_OK, "%s", e.text);
    plan_free(p);
    model_free(m);
    return l;
}

/* Returns the output of lint_print, in static storage. *warnings is its result. */
static const char *printed(const struct lint *l, int *warnings)
{
    static char text[2000];
    FILE *f = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(f);
    *warnings = lint_print(l, f);
    fclose(f);
    return text;
}

static void warns(const char *model, const char *of)
{
    struct lint l = linted(model);
    int warnings;
    const char *text = printed(&l, &warnings);
    ck_assert_msg(warnings > 0 && strstr(text, of), "%s in:\n%s", of, text);
}

START_TEST(interpolations_have_no_fault)
{
    static const char *const models[] = {
        LAYERS(CUBIC),
        LAYERS(TENT),
        LAYERS(DOUBLE),
        HEAD "\"border\": \"reflect\", \"layers\": [" TENT "]}",
        HEAD "\"border\": \"wrap\", \"layers\": [" DOUBLE "]}",
        RGB_HEAD "\"layers\": [" DOUBLE "]}",
        FORMAT "\"scale\": 3, \"color\": \"y\", \"layers\": [{\"type\": \"upsample\", "
               "\"scale_factor\": 3, \"mode\": \"bilinear\"}]}",
    };
    for (unsigned i = 0; i < sizeof models / sizeof *models; i++) {
        struct lint l = linted(models[i]);
        int warnings;
        const char *text = printed(&l, &warnings);
        ck_assert_msg(warnings == 0, "model %u:\n%s", i, text);
        ck_assert_int_eq(l.grays, 256);
        ck_assert(l.gray_error < 1e-4 && l.checker_flat < 1e-4);
    }
}
END_TEST

START_TEST(nearest_is_no_checkerboard_but_has_steps)
{
    struct lint l = linted(LAYERS(DOUBLE));
    ck_assert(l.checker_flat < 1e-9);
    ck_assert(l.ramp_fall <= 0);
}
END_TEST

START_TEST(a_kernel_that_overlaps_unevenly_is_a_checkerboard)
{
    struct lint l = linted(LAYERS(UNEVEN));
    ck_assert_int_eq(l.grays_changed, 250); /* up to 5 * 0.9 = 4.5 the grays round to themselves */
    ck_assert(l.checker_flat > 5);
    warns(LAYERS(UNEVEN), "checkerboard shows on flat");
    warns(LAYERS(UNEVEN), "checkerboard shows on gentle slopes");
}
END_TEST

START_TEST(a_checkerboard_is_measured_in_levels)
{
    /* A gain of 1.02 at one position of four: 0.02 * 255 levels at white, of which 3/4 are above
     * the mean. */
    struct lint l = linted(LAYERS("{\"type\": \"conv_transpose2d\", \"in_channels\": 1, "
                                  "\"out_channels\": 1, \"kernel_size\": 2, \"stride\": 2, "
                                  "\"weight\": [1, 1, 1, 1.02]}"));
    ck_assert_double_eq_tol(l.checker_flat, 0.02 * 255 * 0.75, 1e-3);
    ck_assert_double_eq_tol(l.gray_error, 0.02 * 255, 1e-3);
}
END_TEST

START_TEST(a_shift_of_a_level_changes_all_grays)
{
    struct lint l = linted(LAYERS(POINT("1", "0.004") ", " DOUBLE));
    ck_assert_int_eq(l.grays_changed, 256);
    ck_assert_double_eq_tol(l.gray_error, 0.004 * 255, 1e-3);
    ck_assert(l.checker_flat < 1e-4);
    warns(LAYERS(POINT("1", "0.004") ", " DOUBLE), "do not keep their gray");
}
END_TEST

START_TEST(padding_inside_shows_in_constant_pictures)
{
    static const char padded[] =
        HEAD "\"border\": \"model\", \"layers\": [" PADDED ", " DOUBLE "]}";
    static const char dark[] = HEAD "\"border\": \"zero\", \"layers\": [" PADDED ", " DOUBLE "]}";
    ck_assert_int_gt(linted(padded).grays_changed, 250);
    ck_assert_int_gt(linted(dark).grays_changed, 250);
    ck_assert_int_eq(linted(LAYERS(PADDED ", " DOUBLE)).grays_changed, 0);
}
END_TEST

START_TEST(a_ramp_that_turns_back_is_found)
{
    /* x - 3 max(x - 0.5, 0): it rises by 1, and then falls by 2 */
    static const char fold[] = LAYERS("{\"type\": \"relu\", \"name\": \"x\"}, " POINT(
        "1", "-0.5") ", {\"type\": \"relu\"}, " POINT("-3", "0") ", {\"type\": \"add\", \"with\": "
                                                                 "\"x\"}, " DOUBLE);
    struct lint l = linted(fold);
    ck_assert_double_eq_tol(l.ramp_fall, 8, 0.1);
    warns(fold, "steps back");
}
END_TEST

START_TEST(what_is_not_finite_is_said)
{
    static const char huge[] = LAYERS(POINT("3e38", "0") ", " POINT("3e38", "0") ", " DOUBLE);
    ck_assert(!linted(huge).finite);
    warns(huge, "NaN or infinity");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lint");
    TCase *t = tcase_create("faults");
    tcase_add_test(t, interpolations_have_no_fault);
    tcase_add_test(t, nearest_is_no_checkerboard_but_has_steps);
    tcase_add_test(t, a_kernel_that_overlaps_unevenly_is_a_checkerboard);
    tcase_add_test(t, a_checkerboard_is_measured_in_levels);
    tcase_add_test(t, a_shift_of_a_level_changes_all_grays);
    tcase_add_test(t, padding_inside_shows_in_constant_pictures);
    tcase_add_test(t, a_ramp_that_turns_back_is_found);
    tcase_add_test(t, what_is_not_finite_is_said);
    suite_add_tcase(s, t);
    return harness_run(s);
}
