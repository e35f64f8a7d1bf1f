/* test_contract.c - the contract (openapi.json) and the tables of routes, parameters, options and
 * errors agree, in both directions. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/errors.h"
#include "server/options/options_table.h"
#include "server/service/page.h"
#include "server/service/routes.h"
#include "server/work/api.h"
#include "tests/lib/harness.h"

static json_t *contract;

static void set_up(void)
{
    json_error_t why;
    contract = json_loads(page_openapi, JSON_REJECT_DUPLICATES, &why);
    ck_assert_msg(contract != NULL, "line %d: %s", why.line, why.text);
}

static void tear_down(void)
{
    json_decref(contract);
}

/* Returns a value of the contract. `path` has the keys with / between them. */
static json_t *at(const char *path)
{
    char part[64];
    json_t *o = contract;
    while (*path) {
        size_t length = strcspn(path, "/");
        snprintf(part, sizeof part, "%.*s", (int)length, path);
        o = json_object_get(o, part);
        ck_assert_msg(o != NULL, "there is no %s", part);
        path += length + (path[length] == '/');
    }
    return o;
}

static bool has_word(const json_t *list, const char *word)
{
    size_t i;
    json_t *value;
    json_array_foreach(list, i, value) if (strcmp(json_string_value(value), word) == 0) return true;
    return false;
}

static const char *const methods[][2] = {
    {"get", "GET"}, {"post", "POST"}, {"put", "PUT"}, {"delete", "DELETE"}};

START_TEST(has_every_route_with_its_methods)
{
    const struct route *route;
    int count = 0;
    for (; (route = route_at(count)); count++) {
        json_t *item = json_object_get(at("paths"), route->pattern);
        ck_assert_msg(item != NULL, "%s is missing", route->pattern);
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
            ck_assert_msg(!json_object_get(item, methods[m][0]) ==
                              !strstr(route->methods, methods[m][1]),
                          "%s %s", methods[m][1], route->pattern);
    }
    ck_assert_uint_eq(json_object_size(at("paths")), (size_t)count);
}
END_TEST

START_TEST(says_where_no_key_is_needed)
{
    const struct route *route;
    for (int i = 0; (route = route_at(i)); i++) {
        json_t *get = json_object_get(json_object_get(at("paths"), route->pattern), "get");
        if (get)
            ck_assert_msg(!json_object_get(get, "security") == !(route->flags & ROUTE_OPEN), "%s",
                          route->pattern);
    }
}
END_TEST

START_TEST(has_every_parameter)
{
    const char *name;
    int count = 0;
    json_t *named = at("components/parameters");
    for (; (name = api_parameter(count)); count++)
        ck_assert_str_eq(json_string_value(json_object_get(json_object_get(named, name), "name")),
                         name);
    ck_assert_uint_eq(json_object_size(named), (size_t)count + 1); /* one more: X-Request-ID */
    for (const char *const *path = (const char *const[]){"post", "put", NULL}; *path; path++) {
        json_t *upload = json_object_get(json_object_get(at("paths"), "/v1/upscale"), *path);
        ck_assert_uint_eq(json_array_size(json_object_get(upload, "parameters")),
                          (size_t)count + 1);
    }
}
END_TEST

START_TEST(has_every_error)
{
    json_t *codes = at("components/schemas/Problem/properties/code/enum");
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++)
        ck_assert_msg(has_word(codes, error_row((enum err_code)code)->name), "%s",
                      error_row((enum err_code)code)->name);
    ck_assert_uint_eq(json_array_size(codes), ERR_COUNT - 1);
}
END_TEST

START_TEST(has_every_limit)
{
    json_t *in_force =
        at("components/schemas/Limits/properties/limits/items/properties/option/enum");
    json_t *crossed = at("components/schemas/Problem/properties/option/enum");
    size_t count = 0;
    for (int i = 0; i < option_count; i++) {
        if (!option_rows[i].limit)
            continue;
        count++;
        ck_assert_msg(has_word(in_force, option_rows[i].name), "%s", option_rows[i].name);
        ck_assert_msg(has_word(crossed, option_rows[i].name), "%s", option_rows[i].name);
    }
    ck_assert_uint_eq(json_array_size(in_force), count);
    ck_assert_uint_eq(json_array_size(crossed), count);
}
END_TEST

START_TEST(an_upload_may_end_in_every_status_of_a_request)
{
    json_t *responses = json_object_get(
        json_object_get(json_object_get(at("paths"), "/v1/upscale"), "post"), "responses");
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        char status[8];
        snprintf(status, sizeof status, "%d", error_row((enum err_code)code)->status);
        if (code != ERR_NO_ROUTE && code != ERR_METHOD)
            ck_assert_msg(json_object_get(responses, status) != NULL, "%s", status);
    }
}
END_TEST

START_TEST(every_error_has_its_place_on_the_page)
{
    struct reply r;
    reply_init(&r);
    page_show_errors(&r);
    ck_assert_int_eq(r.status, 200);
    char *html = calloc(1, r.length + 1);
    memcpy(html, r.body, r.length);
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        const struct error_row *row = error_row((enum err_code)code);
        char id[64];
        snprintf(id, sizeof id, "<dt id=\"%s\">", row->name);
        ck_assert_ptr_nonnull(strstr(html, id));
        ck_assert_msg(row->meaning && strlen(row->meaning) > 20, "%s", row->name);
        ck_assert_msg(!strpbrk(row->meaning, "<>&") && !strpbrk(row->title, "<>&"), "%s",
                      row->name);
        ck_assert_ptr_nonnull(strstr(html, row->meaning));
    }
    free(html);
    reply_done(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("contract");
    TCase *c = tcase_create("contract");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, has_every_route_with_its_methods);
    tcase_add_test(c, says_where_no_key_is_needed);
    tcase_add_test(c, has_every_parameter);
    tcase_add_test(c, has_every_error);
    tcase_add_test(c, has_every_limit);
    tcase_add_test(c, an_upload_may_end_in_every_status_of_a_request);
    tcase_add_test(c, every_error_has_its_place_on_the_page);
    suite_add_tcase(s, c);
    return harness_run(s);
}
