/* test_raw_head.c - which heads are good as they came, however they came. */
#include <string.h>

#include "server/http/raw_head.h"
#include "tests/lib/harness.h"

#define RAW(text) text, sizeof text - 1
#define GET "GET / HTTP/1.1\r\n"

static const struct head {
    const char *about, *raw;
    size_t length;
    bool good;
} heads[] = {
    {"no fields", RAW(GET "\r\n"), true},
    {"a field", RAW(GET "A: b\r\n\r\n"), true},
    {"a bare LF between", RAW(GET "A: b\nC: d\r\n\r\n"), false},
    {"bare LFs at the end", RAW(GET "A: b\n\n"), false},
    {"LF as the empty line", RAW(GET "A: b\r\n\n"), false},
    {"NUL LF as the empty line", RAW(GET "A: b\r\n\0\n\r\n"), false},
    {"NUL in the request line", RAW("GET /\0 HTTP/1.1\r\n\r\n"), false},
    {"NUL in a value", RAW(GET "A: b\0\r\n\r\n"), false},
    {"NUL before a name", RAW(GET "\0A: b\r\n\r\n"), false},
    {"a bare CR between", RAW(GET "A: b\rC: d\r\n\r\n"), false},
    {"CR CR LF", RAW(GET "A: b\r\r\n\r\n"), false},
    {"CR CR LF as the empty line", RAW(GET "A: b\r\n\r\r\n\r\n"), false},
    {"folded by a blank", RAW(GET "A: b\r\n c\r\n\r\n"), false},
    {"folded by a tab", RAW(GET "A:\r\n\tb\r\n\r\n"), false},
    {"not at its end", RAW(GET "A: b\r\n"), false},
};

enum { HEADS = sizeof heads / sizeof heads[0] };

static void is_judged(const struct raw_head *h, const struct head *want)
{
    struct err e = ERR_INIT;
    enum err_code rc = raw_head_judge(h, want->length, &e);
    ck_assert_msg(rc == (want->good ? ERR_OK : ERR_BAD_REQUEST), "%s: %s", want->about, e.text);
}

START_TEST(judges_a_head_wherever_it_is_cut)
{
    const struct head *want = &heads[_i];
    for (size_t cut = 0; cut <= want->length; cut++) {
        struct raw_head h = {0};
        raw_head_take(&h, want->raw, cut);
        raw_head_take(&h, want->raw + cut, want->length - cut);
        is_judged(&h, want);
    }
}
END_TEST

/* Both requests of a connection in one piece, or in two: the second is judged for itself. */
START_TEST(judges_what_follows_a_body)
{
    static const char first[] = "\r\n" GET "A: b\r\n\r\n", body[] = "\0\n\r \n\n";
    enum { HEAD = sizeof first - 1, BODY = sizeof body - 1 };
    const struct head *want = &heads[_i];
    char all[256];
    memcpy(all, first, HEAD);
    memcpy(all + HEAD, body, BODY);
    memcpy(all + HEAD + BODY, want->raw, want->length);
    size_t length = HEAD + BODY + want->length;
    for (size_t cut = HEAD; cut <= length; cut++) {
        struct raw_head h = {0};
        raw_head_take(&h, all, cut);
        ck_assert_int_eq(raw_head_judge(&h, HEAD - 2, NULL), ERR_OK); /* the empty line aside */
        raw_head_next(&h, all + HEAD, BODY);
        raw_head_take(&h, all + cut, length - cut);
        is_judged(&h, want);
    }
}
END_TEST

START_TEST(counts_as_the_library_must)
{
    struct raw_head h = {0};
    ck_assert_int_eq(raw_head_judge(&h, 18, NULL), ERR_OK); /* nothing was seen */
    raw_head_take(&h, GET "\r\n", 18);
    ck_assert_int_eq(raw_head_judge(&h, 17, NULL), ERR_BAD_REQUEST);
    ck_assert_int_eq(raw_head_judge(&h, 18, NULL), ERR_OK);
}
END_TEST

START_TEST(takes_nothing_behind_a_body_without_end_for_a_head)
{
    struct raw_head h = {0};
    raw_head_take(&h, GET "\r\n", 18);
    raw_head_next(&h, "", UINT64_MAX);
    raw_head_take(&h, GET "\r\n", 18);
    ck_assert_int_eq(raw_head_judge(&h, 18, NULL), ERR_BAD_REQUEST);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("raw_head");
    TCase *t = tcase_create("heads");
    tcase_add_loop_test(t, judges_a_head_wherever_it_is_cut, 0, HEADS);
    tcase_add_loop_test(t, judges_what_follows_a_body, 0, HEADS);
    tcase_add_test(t, counts_as_the_library_must);
    tcase_add_test(t, takes_nothing_behind_a_body_without_end_for_a_head);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
