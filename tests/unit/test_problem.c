/* test_problem.c - errors as problem details, and replies as bytes. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/answer/problem.h"
#include "server/answer/reply.h"
#include "server/base/errors.h"
#include "tests/lib/harness.h"

static json_t *problem_of(const struct err *e)
{
    char *text = problem_json(e);
    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(text[strlen(text) - 1], '\n');
    json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(json_is_object(o), "%s", text);
    free(text);
    return o;
}

static const char *text_of(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

START_TEST(every_code_makes_a_whole_problem)
{
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        struct err e = ERR_INIT;
        char type[64];
        err_set(&e, (enum err_code)code, "it is \"%d\"", code);
        const struct error_row *row = error_row(e.code);
        json_t *o = problem_of(&e);
        snprintf(type, sizeof type, "/errors#%s", row->name);
        ck_assert_str_eq(text_of(o, "type"), type);
        ck_assert_str_eq(text_of(o, "title"), row->title);
        ck_assert_str_eq(text_of(o, "detail"), e.text);
        ck_assert_str_eq(text_of(o, "code"), row->name);
        ck_assert_int_eq(json_integer_value(json_object_get(o, "status")), row->status);
        ck_assert_uint_eq(json_object_size(o), 5);
        json_decref(o);
    }
}
END_TEST

START_TEST(a_limit_is_told_with_its_option)
{
    struct err e = ERR_INIT;
    err_set_limit(&e, ERR_TOO_MANY_PIXELS, "max-pixels", 1 << 26, "too many");
    json_t *o = problem_of(&e);
    ck_assert_str_eq(text_of(o, "option"), "max-pixels");
    ck_assert_int_eq(json_integer_value(json_object_get(o, "limit")), 1 << 26);
    json_decref(o);
}
END_TEST

/* Otherwise jansson would refuse the text, and the answer would say that memory is out. */
START_TEST(bytes_that_are_no_text_do_not_hide_the_error)
{
    struct err e = ERR_INIT;
    err_set(&e, ERR_NO_ROUTE, "there is no model `a\xff\xc3\n\x7f\x01z`");
    json_t *o = problem_of(&e);
    ck_assert_str_eq(text_of(o, "code"), "not_found");
    ck_assert_str_eq(text_of(o, "detail"), "there is no model `a?????z`");
    json_decref(o);
}
END_TEST

START_TEST(the_problem_for_no_memory_is_one)
{
    json_t *o = json_loads(problem_no_memory, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_str_eq(text_of(o, "code"), error_row(ERR_MEMORY)->name);
    ck_assert_str_eq(text_of(o, "title"), error_row(ERR_MEMORY)->title);
    ck_assert_int_eq(json_integer_value(json_object_get(o, "status")),
                     error_row(ERR_MEMORY)->status);
    json_decref(o);
}
END_TEST

static bool has_header(const struct reply *r, const char *name)
{
    for (int i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return true;
    return false;
}

START_TEST(what_may_go_better_later_says_when)
{
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        struct reply r;
        struct err e = ERR_INIT;
        reply_init(&r);
        err_set(&e, (enum err_code)code, "so it is");
        reply_error(&r, &e);
        ck_assert_int_eq(r.status, error_row(e.code)->status);
        ck_assert_int_eq(has_header(&r, "Retry-After"), r.status == 503);
        reply_done(&r);
    }
}
END_TEST

START_TEST(a_rendered_reply_is_a_whole_response)
{
    struct reply r;
    struct buf bytes;
    struct err e = ERR_INIT;
    reply_init(&r);
    buf_init(&bytes, 4096);
    reply_header(&r, "X-Request-ID", "%s", "abc");
    reply_text(&r, 408, "text/plain", "slow\n");
    ck_assert_int_eq(reply_render(&r, &bytes, &e), ERR_OK);
    ck_assert_int_eq(buf_append(&bytes, "", 1, &e), ERR_OK);
    ck_assert_str_eq((const char *)bytes.data, "HTTP/1.1 408 Request Timeout\r\n"
                                               "Connection: close\r\n"
                                               "Content-Length: 5\r\n"
                                               "Content-Type: text/plain\r\n"
                                               "X-Request-ID: abc\r\n\r\nslow\n");
    buf_done(&bytes);
    reply_done(&r);
}
END_TEST

START_TEST(every_status_has_its_phrase)
{
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        struct reply r;
        struct buf bytes;
        struct err e = ERR_INIT;
        reply_init(&r);
        buf_init(&bytes, 4096);
        err_set(&e, (enum err_code)code, "so it is");
        reply_error(&r, &e);
        ck_assert_int_eq(reply_render(&r, &bytes, NULL), ERR_OK);
        ck_assert_msg(memcmp(bytes.data + 13, "Error\r\n", 7) != 0, "%d", r.status);
        buf_done(&bytes);
        reply_done(&r);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("problem");
    TCase *c = tcase_create("problem");
    tcase_add_test(c, every_code_makes_a_whole_problem);
    tcase_add_test(c, a_limit_is_told_with_its_option);
    tcase_add_test(c, bytes_that_are_no_text_do_not_hide_the_error);
    tcase_add_test(c, the_problem_for_no_memory_is_one);
    tcase_add_test(c, what_may_go_better_later_says_when);
    tcase_add_test(c, a_rendered_reply_is_a_whole_response);
    tcase_add_test(c, every_status_has_its_phrase);
    suite_add_tcase(s, c);
    return harness_run(s);
}
