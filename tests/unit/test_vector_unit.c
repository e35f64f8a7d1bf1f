/* test_vector_unit.c - one choice applies to the network, to pictures and to PNG. */
#include "engine/base/vector_unit.h"

#include <ctype.h>
#include <string.h>

#include "engine/image/row_kernels.h"
#include "engine/nn/kernels.h"
#include "engine/png/png_kernels.h"
#include "server/options/options_table.h"
#include "tests/lib/harness.h"

static void all_use(const char *name)
{
    ck_assert_str_eq(vector_unit_name(vector_unit_used()), name);
    ck_assert_str_eq(kernels_used()->name, name);
    ck_assert_str_eq(row_kernels_used()->name, name);
    ck_assert_str_eq(png_kernels_used()->name, name);
}

START_TEST(the_best_is_used_until_one_is_chosen)
{
    all_use(vector_unit_name(vector_unit_at(0)));
    ck_assert_int_eq(vector_unit_find(NULL), vector_unit_at(0));
}
END_TEST

START_TEST(a_choice_holds_for_all_loops)
{
    enum vector_unit unit;
    for (int k = 0; (unit = vector_unit_at(k)) != UNITS; k++) {
        ck_assert(vector_unit_use(vector_unit_name(unit)));
        all_use(vector_unit_name(unit));
    }
    all_use("c"); /* the last choice */
    ck_assert(vector_unit_use(NULL));
    all_use(vector_unit_name(vector_unit_at(0)));
}
END_TEST

START_TEST(an_unknown_name_changes_nothing)
{
    ck_assert(vector_unit_use("c"));
    ck_assert(!vector_unit_use("abacus"));
    ck_assert(!vector_unit_use(""));
    all_use("c");
}
END_TEST

START_TEST(every_unit_has_each_set_under_its_name)
{
    for (int k = 0; k <= UNITS; k++) {
        enum vector_unit unit = vector_unit_at(k);
        ck_assert_int_eq(unit == UNITS, kernels_at(k) == NULL);
        ck_assert_int_eq(unit == UNITS, row_kernels_at(k) == NULL);
        ck_assert_int_eq(unit == UNITS, png_kernels_at(k) == NULL);
        if (unit == UNITS)
            continue;
        ck_assert_str_eq(kernels_at(k)->name, vector_unit_name(unit));
        ck_assert_str_eq(row_kernels_at(k)->name, vector_unit_name(unit));
        ck_assert_str_eq(png_kernels_at(k)->name, vector_unit_name(unit));
    }
}
END_TEST

/* Returns the row of that option, or NULL. */
static const struct option_row *row_of(const char *name)
{
    for (int i = 0; i < option_count; i++)
        if (strcmp(option_rows[i].name, name) == 0)
            return &option_rows[i];
    return NULL;
}

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)); at++)
        if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[length]))
            return true;
    return false;
}

START_TEST(the_help_of_kernels_names_every_unit)
{
    const struct option_row *row = row_of("kernels");
    ck_assert(row != NULL);
    for (int unit = 0; unit < UNITS; unit++) {
        const char *name = vector_unit_name((enum vector_unit)unit);
        ck_assert_msg(has_word(row->help, name), "`%s` does not name %s", row->help, name);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("vector_unit");
    TCase *c = tcase_create("vector_unit");
    tcase_add_test(c, the_best_is_used_until_one_is_chosen);
    tcase_add_test(c, a_choice_holds_for_all_loops);
    tcase_add_test(c, an_unknown_name_changes_nothing);
    tcase_add_test(c, every_unit_has_each_set_under_its_name);
    tcase_add_test(c, the_help_of_kernels_names_every_unit);
    suite_add_tcase(s, c);
    return harness_run(s);
}
