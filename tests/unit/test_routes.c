/* test_routes.c - which handler a path and a method lead to, and a reply as bytes. */
#include <string.h>

#include "server/answer/reply.h"
#include "server/service/routes.h"
#include "tests/lib/harness.h"

static const struct {
    const char *method, *path;
    enum err_code code;
    const char *pattern, *argument;
} cases[] = {
    {"POST", "/v1/upscale", ERR_OK, "/v1/upscale", ""},
    {"PUT", "/v1/upscale", ERR_OK, "/v1/upscale", ""},
    {"OPTIONS", "/v1/upscale", ERR_OK, "/v1/upscale", ""},
    {"GET", "/", ERR_OK, "/", ""},
    {"HEAD", "/livez", ERR_OK, "/livez", ""},
    {"GET", "/v1/models", ERR_OK, "/v1/models", ""},
    {"GET", "/v1/models/photo", ERR_OK, "/v1/models/{name}", "photo"},
    {"GET", "/v1/models/{name}", ERR_OK, "/v1/models/{name}", "{name}"},
    {"DELETE", "/v1/requests/a-b.c", ERR_OK, "/v1/requests/{id}", "a-b.c"},
    {"DELETE", "/v1/requests/", ERR_NO_ROUTE, NULL, NULL},
    {"GET", "/v1/upscale", ERR_METHOD, "/v1/upscale", ""},
    {"POST", "/livez", ERR_METHOD, "/livez", ""},
    {"", "/livez", ERR_METHOD, "/livez", ""},
    {"GET, HEAD", "/livez", ERR_METHOD, "/livez", ""},
    {"GE", "/livez", ERR_METHOD, "/livez", ""},
    {"get", "/livez", ERR_METHOD, "/livez", ""},
    {"GET", "/v1/models/", ERR_NO_ROUTE, NULL, NULL},
    {"GET", "/v1/models/a/b", ERR_NO_ROUTE, NULL, NULL},
    {"GET", "/livez/", ERR_NO_ROUTE, NULL, NULL},
    {"GET", "", ERR_NO_ROUTE, NULL, NULL},
};

START_TEST(leads_where_the_table_says)
{
    const struct route *route = NULL;
    const char *argument = NULL;
    struct err e = ERR_INIT;
    ck_assert_int_eq(route_find(cases[_i].path, cases[_i].method, &route, &argument, &e),
                     cases[_i].code);
    if (cases[_i].pattern) {
        ck_assert_str_eq(route->pattern, cases[_i].pattern);
        ck_assert_str_eq(argument, cases[_i].argument);
    }
}
END_TEST

START_TEST(renders_a_problem_for_a_raw_socket)
{
    struct reply reply;
    struct buf bytes;
    struct err e = ERR_INIT;
    err_set(&e, ERR_BUSY, "too much");
    reply_init(&reply);
    buf_init(&bytes, 4096);
    reply_header(&reply, "X-Request-ID", "%s", "mine");
    reply_error(&reply, &e);
    ck_assert_int_eq(reply_render(&reply, &bytes, NULL), ERR_OK);
    ck_assert_int_eq(buf_append(&bytes, "", 1, NULL), ERR_OK);
    const char *text = (const char *)bytes.data;
    ck_assert_ptr_eq(strstr(text, "HTTP/1.1 503 Service Unavailable\r\n"), text);
    ck_assert_ptr_nonnull(strstr(text, "\r\nConnection: close\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nX-Request-ID: mine\r\n"));
    ck_assert_ptr_nonnull(strstr(text, "\r\nRetry-After: "));
    ck_assert_uint_eq(strlen(strstr(text, "\r\n\r\n") + 4), reply.length);
    buf_done(&bytes);
    reply_done(&reply);
}
END_TEST

START_TEST(fails_to_render_into_too_little)
{
    struct reply reply;
    struct buf bytes;
    reply_init(&reply);
    reply_text(&reply, 200, "text/plain", "twelve bytes");
    for (size_t max = 0; max < 90; max++) {
        buf_init(&bytes, max);
        ck_assert_int_ne(reply_render(&reply, &bytes, NULL), ERR_OK);
        buf_done(&bytes);
    }
    reply_done(&reply);
}
END_TEST

START_TEST(says_so_when_memory_is_out)
{
    struct reply reply;
    reply_init(&reply);
    reply_owned(&reply, 200, "application/json", NULL);
    ck_assert_int_eq(reply.status, 503);
    ck_assert_ptr_nonnull(strstr((const char *)reply.body, "out_of_memory"));
    reply_done(&reply);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("routes");
    TCase *t = tcase_create("routes");
    tcase_add_loop_test(t, leads_where_the_table_says, 0, sizeof cases / sizeof cases[0]);
    tcase_add_test(t, renders_a_problem_for_a_raw_socket);
    tcase_add_test(t, fails_to_render_into_too_little);
    tcase_add_test(t, says_so_when_memory_is_out);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
