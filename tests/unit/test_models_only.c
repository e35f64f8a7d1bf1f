/* test_models_only.c - a command that needs one model reads that model alone. */
#include <string.h>

#include "engine/base/sha256.h"
#include "server/models/embedded.h"
#include "server/models/models.h"
#include "tests/lib/harness.h"
#include "tests/lib/model_folder.h"

START_TEST(the_digests_inside_are_those_of_the_bytes)
{
    char hex[2 * SHA256_BYTES + 1];
    ck_assert_int_gt(embedded_count, 0);
    for (int i = 0; i < embedded_count; i++) {
        sha256_hex(embedded_models[i].bytes, embedded_models[i].length, hex);
        ck_assert_str_eq(embedded_models[i].sha256, hex);
    }
}
END_TEST

static void count(void *arg, const struct model *model)
{
    (void)model;
    ++*(int *)arg;
}

static int count_of(struct models *m)
{
    int models = 0;
    models_each(m, count, &models);
    return models;
}

/* The folder has a family of two, a file that replaces one of them, and a file that does not
 * matter. */
START_TEST(only_what_is_asked_for_is_read)
{
    const struct model_family *f;
    folder_put_member("a.json", "style", "style", 2);
    folder_put_member("b.json", "style-x4", "style", 4);
    folder_put_model("c.json", "other", "1");
    struct models *all = folder_models(NULL), *one = folder_models("other"),
                  *family = folder_models("style");
    ck_assert_int_eq(count_of(all), embedded_count + 3);
    ck_assert_int_eq(count_of(one), 1);
    ck_assert_int_eq(count_of(family), 2);
    ck_assert_int_eq(models_find(family, "style", &f, NULL), ERR_OK);
    ck_assert_int_eq(f->set.count, 2);
    models_let_go(f);
    models_free(all);
    models_free(one);
    models_free(family);
}
END_TEST

START_TEST(what_is_asked_for_and_missing_is_told_what_there_is)
{
    const struct model_entry *entry;
    struct err e = ERR_INIT, missing = ERR_INIT;
    folder_put_model("a.json", "photo", "mine");
    folder_put_text("b.json", "{\"format\": 1");
    struct models *m = NULL;
    const struct models_source from = {folder_path, NULL, model_default_limits, "photo"};
    ck_assert_int_eq(models_new(folder_pool, &from, &m, &e),
                     ERR_MODEL_JSON); /* it may be the wanted model */
    ck_assert_ptr_nonnull(strstr(e.text, "b.json"));
    folder_remove("b.json");
    m = folder_models("photo");
    ck_assert_int_eq(models_get(m, "photo", &entry, NULL), ERR_OK);
    ck_assert_str_eq(entry->model->description, "mine");
    models_release(entry);
    models_free(m);
    m = folder_models("nothing");
    ck_assert_int_eq(models_get(m, "nothing", &entry, &missing), ERR_UNKNOWN_MODEL);
    ck_assert_ptr_nonnull(strstr(missing.text, "photo"));
    models_free(m);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("models_only");
    TCase *c = tcase_create("models_only");
    tcase_add_checked_fixture(c, folder_begin, folder_end);
    tcase_add_test(c, the_digests_inside_are_those_of_the_bytes);
    tcase_add_test(c, only_what_is_asked_for_is_read);
    tcase_add_test(c, what_is_asked_for_and_missing_is_told_what_there_is);
    suite_add_tcase(s, c);
    return harness_run(s);
}
