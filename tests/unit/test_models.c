/* test_models.c - the set of models: what is loaded, what a reload replaces, and which requests
 * hold what. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/mem.h"
#include "server/models/models.h"
#include "tests/lib/harness.h"
#include "tests/lib/model_folder.h"

static struct models *load(void)
{
    return folder_models(NULL);
}

static enum err_code reload(struct models *m, struct err *e)
{
    struct model_list *fresh = NULL;
    enum err_code rc = models_prepare(m, &fresh, e);
    if (rc == ERR_OK)
        models_commit(m, fresh);
    return rc;
}

/* Returns the description of the model of that name. The text is valid until the next call. */
static const char *description_of(struct models *m, const char *name)
{
    static char text[100];
    const struct model_entry *entry;
    struct err e = ERR_INIT;
    ck_assert_msg(models_get(m, name, &entry, &e) == ERR_OK, "%s", e.text);
    snprintf(text, sizeof text, "%s", entry->model->description ? entry->model->description : "");
    models_release(entry);
    return text;
}

START_TEST(photo_is_inside_and_the_default)
{
    const struct model_entry *entry;
    struct models *m = NULL;
    ck_assert_int_eq(models_new(folder_pool,
                                &(struct models_source){NULL, NULL, model_default_limits, NULL}, &m,
                                NULL),
                     ERR_OK);
    ck_assert_int_eq(models_get(m, NULL, &entry, NULL), ERR_OK);
    ck_assert_str_eq(entry->model->name, "photo");
    ck_assert_ptr_eq(plan_model(entry->plan), entry->model);
    models_release(entry);
    models_free(m);
}
END_TEST

START_TEST(files_of_the_folder_are_added_and_other_files_are_not)
{
    folder_put_model("a.json", "one", "1");
    folder_put_model("b.json", "two", "2");
    folder_put_model(".hidden.json", "three", "3");
    folder_put_text("notes.txt", "no model");
    struct models *m = load();
    ck_assert_str_eq(description_of(m, "one"), "1");
    ck_assert_str_eq(description_of(m, "two"), "2");
    const struct model_entry *entry;
    ck_assert_int_eq(models_get(m, "three", &entry, NULL), ERR_UNKNOWN_MODEL);
    models_free(m);
}
END_TEST

/* Returns how many models the family of that name has; -1 if there is no such family. */
static int members_of(struct models *m, const char *name)
{
    const struct model_family *f;
    if (models_find(m, name, &f, NULL) != ERR_OK)
        return -1;
    int count = f->set.count;
    models_let_go(f);
    return count;
}

START_TEST(files_of_a_family_are_one_model_to_requests)
{
    folder_put_member("a.json", "style-x2", "style", 2);
    folder_put_member("b.json", "style-x3", "style", 3);
    folder_put_member("c.json", "psnr-m5-x4", "psnr-m5", 4);
    struct models *m = load();
    ck_assert_int_eq(members_of(m, "style"), 2);
    ck_assert_int_eq(members_of(m, "style-x3"), 1);
    ck_assert_int_eq(members_of(m, "psnr-m5"), 2); /* with the embedded one, which has this name */
    ck_assert_int_eq(members_of(m, "psnr-m5-x4"), 1);
    ck_assert_int_eq(members_of(m, NULL), 3); /* photo, for the factors 2, 3 and 4 */
    ck_assert_int_eq(members_of(m, "psnr-max"), 1);
    ck_assert_int_eq(members_of(m, "none"), -1);
    const struct model_family *f;
    ck_assert_int_eq(models_find(m, "style", &f, NULL), ERR_OK);
    ck_assert_str_eq(f->first->name, "style-x2");
    models_let_go(f);
    ck_assert_int_eq(models_find(m, "photo", &f, NULL), ERR_OK);
    ck_assert_str_eq(f->first->name, "photo");
    models_let_go(f);
    models_free(m);
}
END_TEST

START_TEST(a_family_lives_as_long_as_it_is_held)
{
    folder_put_member("a.json", "style-x2", "style", 2);
    struct models *m = load();
    const struct model_family *f;
    ck_assert_int_eq(models_find(m, "style", &f, NULL), ERR_OK);
    folder_remove("a.json");
    ck_assert_int_eq(reload(m, NULL), ERR_OK);
    ck_assert_int_eq(members_of(m, "style"), -1);
    ck_assert_str_eq(plan_model(f->set.plans[0])->name, "style-x2");
    models_let_go(f);
    models_free(m);
}
END_TEST

START_TEST(a_family_may_not_hide_another_ones_file)
{
    folder_put_member("a.json", "one", "two", 2);
    folder_put_member("b.json", "three", "one", 2);
    struct models *m = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(
        models_new(folder_pool,
                   &(struct models_source){folder_path, NULL, model_default_limits, NULL}, &m, &e),
        ERR_MODEL);
    ck_assert_msg(strstr(e.text, "family named one") && strstr(e.text, "family two"), "%s", e.text);
}
END_TEST

START_TEST(a_family_has_so_many_files_at_most)
{
    for (int i = 0; i <= CHAIN_SET_MOST; i++) {
        char name[40], file[50];
        snprintf(name, sizeof name, "m%d", i);
        snprintf(file, sizeof file, "m%d.json", i);
        folder_put_member(file, name, "many", 2);
    }
    struct models *m = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(
        models_new(folder_pool,
                   &(struct models_source){folder_path, NULL, model_default_limits, NULL}, &m, &e),
        ERR_MODEL_LIMIT);
    ck_assert_msg(strstr(e.text, "family many"), "%s", e.text);
}
END_TEST

START_TEST(a_file_replaces_the_model_of_its_name_inside)
{
    folder_put_model("mine.json", "photo", "mine");
    struct models *m = load();
    ck_assert_str_eq(description_of(m, NULL), "mine");
    models_free(m);
}
END_TEST

START_TEST(two_files_of_one_name_are_refused_by_their_paths)
{
    folder_put_model("a.json", "one", "1");
    folder_put_model("b.json", "one", "2");
    struct models *m = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(
        models_new(folder_pool,
                   &(struct models_source){folder_path, NULL, model_default_limits, NULL}, &m, &e),
        ERR_MODEL);
    ck_assert_msg(strstr(e.text, "/a.json") && strstr(e.text, "/b.json") && strstr(e.text, "one"),
                  "%s", e.text);
}
END_TEST

START_TEST(an_unknown_name_is_told_what_there_is)
{
    folder_put_model("a.json", "one", "1");
    struct models *m = load();
    const struct model_entry *entry;
    struct err e = ERR_INIT;
    ck_assert_int_eq(models_get(m, "none", &entry, &e), ERR_UNKNOWN_MODEL);
    ck_assert(strstr(e.text, "none") && strstr(e.text, "one") && strstr(e.text, "photo"));
    models_free(m);
}
END_TEST

START_TEST(a_bad_file_is_named)
{
    struct models *m = NULL;
    struct err e = ERR_INIT;
    folder_put_text("broken.json", "{");
    ck_assert_int_eq(
        models_new(folder_pool,
                   &(struct models_source){folder_path, NULL, model_default_limits, NULL}, &m, &e),
        ERR_MODEL_JSON);
    ck_assert_ptr_nonnull(strstr(e.text, "broken"));
    ck_assert_ptr_null(m);
}
END_TEST

START_TEST(a_pipe_is_refused_and_not_waited_for)
{
    struct models *m = NULL;
    struct err e = ERR_INIT;
    char path[100];
    snprintf(path, sizeof path, "%s/pipe.json", folder_path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(
        models_new(folder_pool,
                   &(struct models_source){folder_path, NULL, model_default_limits, NULL}, &m, &e),
        ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "pipe.json: it is not a regular file"));
}
END_TEST

START_TEST(a_missing_folder_is_named)
{
    struct models *m = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(
        models_new(folder_pool,
                   &(struct models_source){"/nonexistent", NULL, model_default_limits, NULL}, &m,
                   &e),
        ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent"));
}
END_TEST

START_TEST(a_file_over_the_limit_is_refused_by_option)
{
    struct models *m = NULL;
    struct err e = ERR_INIT;
    struct model_limits limits = model_default_limits;
    char *large = malloc(2000001);
    memset(large, ' ', 2000000);
    large[2000000] = '\0';
    folder_put_text("large.json", large);
    free(large);
    limits.max_bytes = 1000000;
    ck_assert_int_eq(
        models_new(folder_pool, &(struct models_source){folder_path, NULL, limits, NULL}, &m, &e),
        ERR_MODEL_LIMIT);
    ck_assert_str_eq(e.option, "max-model-bytes");
    ck_assert_uint_eq(e.limit, 1000000);
}
END_TEST

START_TEST(a_reload_replaces_adds_and_removes)
{
    folder_put_model("a.json", "one", "old");
    folder_put_model("b.json", "two", "old");
    struct models *m = load();
    folder_put_model("a.json", "one", "new");
    folder_put_model("c.json", "three", "new");
    folder_remove("b.json");
    ck_assert_int_eq(reload(m, NULL), ERR_OK);
    const struct model_entry *entry;
    ck_assert_str_eq(description_of(m, "one"), "new");
    ck_assert_str_eq(description_of(m, "three"), "new");
    ck_assert_int_eq(models_get(m, "two", &entry, NULL), ERR_UNKNOWN_MODEL);
    models_free(m);
}
END_TEST

START_TEST(a_failed_reload_changes_nothing)
{
    struct err e = ERR_INIT;
    folder_put_model("a.json", "one", "old");
    struct models *m = load();
    folder_put_model("a.json", "one", "new");
    folder_put_text("z.json", "[1, 2");
    ck_assert_int_ne(reload(m, &e), ERR_OK);
    ck_assert_msg(strstr(e.text, "/z.json: "), "%s", e.text);
    ck_assert_str_eq(description_of(m, "one"), "old");
    models_free(m);
}
END_TEST

/* The sanitizers notice a model that is freed too early or never. */
START_TEST(a_request_under_way_keeps_its_model)
{
    const struct model_entry *held;
    folder_put_model("a.json", "one", "old");
    struct models *m = load();
    ck_assert_int_eq(models_get(m, "one", &held, NULL), ERR_OK);
    folder_put_model("a.json", "one", "new");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(reload(m, NULL), ERR_OK);
    ck_assert_str_eq(held->model->description, "old");
    ck_assert_ptr_eq(plan_model(held->plan), held->model);
    ck_assert_str_eq(description_of(m, "one"), "new");
    models_release(held);
    models_free(m);
}
END_TEST

/* Reads what a request for one model needs of the folder, while the nth allocation fails. */
static enum err_code load_failing(const char *only, long n, struct models **out)
{
    const struct models_source from = {folder_path, NULL, model_default_limits, only};
    mem_fail_nth(n);
    enum err_code rc = models_new(folder_pool, &from, out, NULL);
    mem_fail_nth(-1);
    return rc;
}

/* The sanitizers notice what is not freed. A model whose head could not be read is read whole, and so
 * some starts succeed. */
START_TEST(every_failed_allocation_of_a_start_is_told)
{
    static const char *const names[] = {"one", "pair"};
    int told = 0;
    folder_put_model("a.json", "one", "1");
    folder_put_member("b.json", "pair2", "pair", 2);
    folder_put_member("c.json", "pair3", "pair", 3);
    for (long n = 0; n < 200; n++) {
        const struct model_entry *entry;
        struct models *m = NULL;
        enum err_code rc = load_failing(names[_i], n, &m);
        ck_assert_msg(rc == ERR_OK || (rc == ERR_MEMORY && !m), "%ld: %d", n, (int)rc);
        told += rc == ERR_MEMORY;
        if (rc == ERR_OK && _i == 0) {
            ck_assert_int_eq(models_get(m, "one", &entry, NULL), ERR_OK);
            models_release(entry);
        }
        models_free(m);
    }
    ck_assert_int_gt(told, 10);
}
END_TEST

START_TEST(every_failed_allocation_of_a_reload_changes_nothing)
{
    struct model_list *fresh = NULL;
    folder_put_model("a.json", "one", "old");
    struct models *m = load();
    folder_put_model("a.json", "one", "new");
    for (long n = 0; n < 300; n = n * 5 / 4 + 1) { /* reading all models takes a while */
        mem_fail_nth(n);
        enum err_code rc = models_prepare(m, &fresh, NULL);
        mem_fail_nth(-1);
        ck_assert_msg(rc == ERR_MEMORY, "%ld: %d", n, (int)rc);
        ck_assert_str_eq(description_of(m, "one"), "old");
    }
    ck_assert_int_eq(models_prepare(m, &fresh, NULL), ERR_OK);
    models_discard(fresh);
    models_free(m);
}
END_TEST

static void refuses_kernels(const char *name)
{
    struct err e = ERR_INIT;
    struct models *m = NULL;
    const struct models_source from = {NULL, name, model_default_limits, NULL};
    ck_assert_int_eq(models_new(folder_pool, &from, &m, &e), ERR_BAD_PARAMETER);
    ck_assert_msg(strstr(e.text, "this CPU does not have the kernels `") &&
                      strstr(e.text, "; it has ") && strstr(e.text, "c (--kernels)"),
                  "%s", e.text);
}

START_TEST(kernels_that_are_missing_are_said)
{
    refuses_kernels("sse9");
    refuses_kernels("");
}
END_TEST

START_TEST(the_list_as_json_is_sorted_and_whole)
{
    folder_put_model("z.json", "alpha", "1");
    folder_put_model("a.json", "zulu", "2");
    struct models *m = load();
    char *text = models_json(m);
    json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL),
           *list = json_object_get(o, "models");
    free(text);
    static const struct {
        const char *name;
        int scale;
    } want[] = {{"alpha", 2},     {"art", 2},        {"art-max", 2},
                {"art-x3", 3},    {"art-x4", 4},     {"photo", 2},
                {"photo-hq", 2},  {"photo-jpeg", 2}, {"photo-jpeg-strong", 2},
                {"photo-max", 2}, {"photo-x3", 3},   {"photo-x4", 4},
                {"psnr-m11", 2},  {"psnr-m5", 2},    {"psnr-max", 2},
                {"vivid", 2},     {"vivid-x4", 4},   {"zulu", 2}};
    ck_assert_uint_eq(json_array_size(list), sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        json_t *one = json_array_get(list, i), *scales = json_object_get(one, "scales");
        ck_assert_str_eq(json_string_value(json_object_get(one, "name")), want[i].name);
        ck_assert_int_eq(json_integer_value(json_object_get(one, "scale")), want[i].scale);
        size_t count = 0; /* 1, which the resampler makes, and the factor's powers */
        for (int factor = 1; factor <= CHAIN_FACTOR_MOST; factor *= want[i].scale)
            ck_assert_int_eq(json_integer_value(json_array_get(scales, count++)), factor);
        ck_assert_uint_eq(json_array_size(scales), count);
        ck_assert_uint_eq(json_string_length(json_object_get(one, "sha256")), 64);
    }
    json_decref(o);
    models_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("models");
    TCase *c = tcase_create("models");
    tcase_add_checked_fixture(c, folder_begin, folder_end);
    tcase_add_test(c, photo_is_inside_and_the_default);
    tcase_add_test(c, files_of_the_folder_are_added_and_other_files_are_not);
    tcase_add_test(c, files_of_a_family_are_one_model_to_requests);
    tcase_add_test(c, a_family_lives_as_long_as_it_is_held);
    tcase_add_test(c, a_family_may_not_hide_another_ones_file);
    tcase_add_test(c, a_family_has_so_many_files_at_most);
    tcase_add_test(c, a_file_replaces_the_model_of_its_name_inside);
    tcase_add_test(c, two_files_of_one_name_are_refused_by_their_paths);
    tcase_add_test(c, an_unknown_name_is_told_what_there_is);
    tcase_add_test(c, a_bad_file_is_named);
    tcase_add_test(c, a_pipe_is_refused_and_not_waited_for);
    tcase_add_test(c, a_missing_folder_is_named);
    tcase_add_test(c, a_file_over_the_limit_is_refused_by_option);
    tcase_add_test(c, a_reload_replaces_adds_and_removes);
    tcase_add_test(c, a_failed_reload_changes_nothing);
    tcase_add_test(c, a_request_under_way_keeps_its_model);
    tcase_add_loop_test(c, every_failed_allocation_of_a_start_is_told, 0, 2);
    tcase_add_test(c, every_failed_allocation_of_a_reload_changes_nothing);
    tcase_add_test(c, kernels_that_are_missing_are_said);
    tcase_add_test(c, the_list_as_json_is_sorted_and_whole);
    suite_add_tcase(s, c);
    return harness_run(s);
}
