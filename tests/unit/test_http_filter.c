/* test_http_filter.c - what the request filter lets through and what it refuses. */
#include <string.h>

#include "server/http/http_filter.h"
#include "tests/lib/harness.h"

enum { FIELDS_MAX = 4 };

struct pair {
    const char *name, *value;
};

struct head_case {
    const char *method, *target, *version;
    struct pair fields[FIELDS_MAX];
};

#define HOST                                                                                       \
    {                                                                                              \
        "Host", "a"                                                                                \
    }

static enum err_code judge(const struct head_case *c, struct http_framing *framing, struct err *e)
{
    struct http_field fields[FIELDS_MAX];
    size_t n = 0;
    for (; n < FIELDS_MAX && c->fields[n].name; n++)
        fields[n] = (struct http_field){c->fields[n].name, c->fields[n].value,
                                        strlen(c->fields[n].name), strlen(c->fields[n].value)};
    struct http_head head = {c->method, c->version, c->target, fields, n, 0};
    return http_filter(&head, framing, e);
}

static const struct head_case good[] = {
    {"GET", "/", "HTTP/1.1", {HOST}},
    {"GET", "/", "HTTP/1.0", {{NULL, NULL}}},
    {"GET", "/?q=%00", "HTTP/1.1", {{"hOsT", ""}}},
    {"POST", "/x", "HTTP/1.1", {HOST, {"Content-Length", "0"}}},
    {"PUT", "/x", "HTTP/1.1", {HOST, {"content-length", "18446744073709551615"}}},
    {"POST", "/x", "HTTP/1.1", {HOST, {"Transfer-Encoding", "Chunked"}}},
    {"POST", "/x", "HTTP/1.0", {{"Content-Length", "5"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"Content-Length", "0"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X-Any", "tab\there \xc3\xa9"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"!#$%&'*+-.^_`|~09azAZ", "x"}}},
};

static const struct head_case bad[] = {
    /* which body is it? */
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "5"}, {"Content-Length", "6"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "5"}, {"Content-Length", "5"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}},
    {"POST",
     "/",
     "HTTP/1.1",
     {HOST, {"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Transfer-Encoding", "gzip, chunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Transfer-Encoding", "identity"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Transfer-Encoding", "xchunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Transfer-Encoding", ""}}},
    {"POST", "/", "HTTP/1.0", {HOST, {"Transfer-Encoding", "chunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", ""}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "+5"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "-5"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "5, 5"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "0x5"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "18446744073709551616"}}},
    /* names and values */
    {"POST", "/", "HTTP/1.1", {HOST, {"Transfer-Encoding ", "chunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {" Transfer-Encoding", "chunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"transfer_encoding", "chunked"}}},
    {"POST", "/", "HTTP/1.1", {HOST, {"Content_Length", "5"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"", "x"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X(", "x"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X\x80", "x"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X", "a\rb"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X", "a\nTransfer-Encoding: chunked"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X", "\x7f"}}},
    /* Host */
    {"GET", "/", "HTTP/1.1", {{NULL, NULL}}},
    {"GET", "/", "HTTP/1.1", {HOST, HOST}},
    {"GET", "/", "HTTP/1.0", {HOST, HOST}},
    /* the request line */
    {"GET", "http://a/", "HTTP/1.1", {HOST}},
    {"GET", "*", "HTTP/1.1", {HOST}},
    {"GET", "", "HTTP/1.1", {HOST}},
    {"G:T", "/", "HTTP/1.1", {HOST}},
    {"", "/", "HTTP/1.1", {HOST}},
    {"GET", "/", "HTTP/1.2", {HOST}},
    {"GET", "/", "HTTP/2.0", {HOST}},
    {"GET", "/", "", {HOST}},
    /* bodies where none belongs */
    {"GET", "/", "HTTP/1.1", {HOST, {"Content-Length", "1"}}},
    {"HEAD", "/", "HTTP/1.1", {HOST, {"Transfer-Encoding", "chunked"}}},
    {"DELETE", "/", "HTTP/1.1", {HOST, {"Content-Length", "1"}}},
};

START_TEST(passes_what_is_plain)
{
    struct err e = ERR_INIT;
    struct http_framing framing;
    ck_assert_msg(judge(&good[_i], &framing, &e) == ERR_OK, "%s", e.text);
}
END_TEST

START_TEST(refuses_what_is_ambiguous)
{
    struct err e = ERR_INIT;
    struct http_framing framing = {false, false, 77};
    ck_assert_int_eq(judge(&bad[_i], &framing, &e), ERR_BAD_REQUEST);
    ck_assert_str_ne(e.text, "");
    ck_assert_uint_eq(framing.length, 77); /* untouched */
}
END_TEST

START_TEST(reads_the_framing)
{
    static const struct head_case sized = {
        "POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "007"}}};
    static const struct head_case chunked = {
        "POST", "/", "HTTP/1.1", {HOST, {"transfer-encoding", "CHUNKED"}}};
    struct http_framing framing;
    ck_assert_int_eq(judge(&sized, &framing, NULL), ERR_OK);
    ck_assert(framing.sized && !framing.chunked);
    ck_assert_uint_eq(framing.length, 7);
    ck_assert_int_eq(judge(&chunked, &framing, NULL), ERR_OK);
    ck_assert(!framing.sized && framing.chunked);
}
END_TEST

/* A head as the library leaves it: `raw`, with the bytes that it takes for ends written over. Each
 * field is a name and the value behind it; offsets into `raw`. */
struct layout_case {
    const char *about, *raw;
    size_t bytes;
    int fields[3][4]; /* where the name is, its length; where the value is, its length */
    bool good;
};

#define RAW(text) text, sizeof text - 1

static const struct layout_case layouts[] = {
    {"plain",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0\0C\0d\0\0\0\0"),
     {{16, 1, 19, 1}, {22, 1, 24, 1}},
     true},
    {"blanks, and none",
     RAW("GET\0/\0HTTP/1.1\0\0A\0\t  b \0\0C\0\0\0\0\0"),
     {{16, 1, 21, 2}, {25, 1, 27, 0}},
     true},
    {"no fields", RAW("GET\0/\0HTTP/1.0\0\0\0\0"), {{0}}, true},
    {"a NUL ends the head",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0\0\0C: d\0\0"),
     {{16, 1, 19, 1}},
     false},
    {"a NUL before the first", RAW("GET\0/\0HTTP/1.1\0\0\0A: b\0\0"), {{0}}, false},
    {"a NUL in a value",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0c\0\0D\0e\0\0\0\0"),
     {{16, 1, 19, 1}, {24, 1, 26, 1}},
     false},
    {"a NUL in the last value",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0c\0\0\0\0"),
     {{16, 1, 19, 1}},
     false},
    {"NULs as the last line",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0\0\0\0\0\0"),
     {{16, 1, 19, 1}},
     false},
    {"a bare LF between",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0C\0d\0\0\0\0"),
     {{16, 1, 19, 1}, {21, 1, 23, 1}},
     false},
    {"a bare LF at the end", RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0\0\0"), {{16, 1, 19, 1}}, false},
    {"a folded line, put elsewhere",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0\0 c\0\0\0\0b c"),
     {{16, 1, 28, 3}},
     false},
    {"out of order",
     RAW("GET\0/\0HTTP/1.1\0\0A\0 b\0\0C\0d\0\0\0\0"),
     {{22, 1, 24, 1}, {16, 1, 19, 1}},
     false},
};

START_TEST(sees_what_the_library_hides_by_where_its_strings_lie)
{
    const struct layout_case *c = &layouts[_i];
    struct http_field fields[3];
    struct err e = ERR_INIT;
    size_t n = 0;
    for (; n < 3 && c->fields[n][0]; n++)
        fields[n] = (struct http_field){c->raw + c->fields[n][0], c->raw + c->fields[n][2],
                                        (size_t)c->fields[n][1], (size_t)c->fields[n][3]};
    struct http_head head = {c->raw, c->raw + 6, "/", fields, n, c->bytes};
    enum err_code rc = http_filter_layout(&head, &e);
    ck_assert_msg(rc == (c->good ? ERR_OK : ERR_BAD_REQUEST), "%s: %s", c->about, e.text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_filter");
    TCase *t = tcase_create("heads");
    tcase_add_loop_test(t, passes_what_is_plain, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(t, refuses_what_is_ambiguous, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(t, reads_the_framing);
    tcase_add_loop_test(t, sees_what_the_library_hides_by_where_its_strings_lie, 0,
                        sizeof layouts / sizeof layouts[0]);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
