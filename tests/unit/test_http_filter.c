/* test_http_filter.c - which requests the filter accepts and which it refuses. */
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
    struct http_head head = {c->method, c->version, c->target, fields, n};
    return http_filter(&head, framing, e);
}

static const struct head_case good[] = {
    {"GET", "/", "HTTP/1.1", {HOST}},
    {"GET", "/", "HTTP/1.0", {{NULL, NULL}}},
    {"GET", "/?q=%00", "HTTP/1.1", {{"hOsT", ""}}},
    {"POST", "/x", "HTTP/1.1", {HOST, {"Content-Length", "0"}}},
    {"PUT", "/x", "HTTP/1.1", {HOST, {"content-length", "9223372036854775807"}}},
    {"POST", "/x", "HTTP/1.1", {HOST, {"Transfer-Encoding", "Chunked"}}},
    {"POST", "/x", "HTTP/1.0", {{"Content-Length", "5"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"Content-Length", "0"}}},
    {"GET", "/", "HTTP/1.0", {{"Host", ""}}},
    {"GET", "/livez?a=%00", "HTTP/1.1", {HOST}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a_b-c.example.:65535"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "127.0.0.1:"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "%2Frun%2fx.sock"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::ffff:127.0.0.1]:80"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[fe80::1%4]:80"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[FE80::1%25eth0]"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"X-Any", "tab\there \xc3\xa9"}}},
    {"GET", "/", "HTTP/1.1", {HOST, {"!#$%&'*+-.^_`|~09azAZ", "x"}}},
};

static const struct head_case bad[] = {
    {"GET", "/livez%00x", "HTTP/1.1", {HOST}},
    {"GET", "/%00?a=1", "HTTP/1.0", {{NULL, NULL}}},
    /* more than one body is possible */
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
    {"POST", "/", "HTTP/1.1", {HOST, {"Content-Length", "9223372036854775808"}}},
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
    {"GET", "/", "HTTP/1.1", {{"Host", "a b"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", ":"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "::80"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", ":80"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x@y"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "http://x"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x/"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x?y"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x#y"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x:port"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a:8x"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a:8:8"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a:-1"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a,b c"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x\\y"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "x\""}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a%2"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a%zz"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a%"}}},
    {"GET",
     "/",
     "HTTP/1.1",
     {{"Host", "h\xc3\xb6"
               "st"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "::1"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1]x"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1]:x"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[1]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1%]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1%4/]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[::1]]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[g::1]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[1:2:3:4:5:6:7:8:9]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "a[::1]"}}},
    {"GET", "/", "HTTP/1.1", {{"Host", "[127.0.0.1]"}}},
    {"GET", "/", "HTTP/1.0", {{"Host", "a b"}}},
    /* the request line */
    {"GET", "http://a/", "HTTP/1.1", {HOST}},
    {"GET", "*", "HTTP/1.1", {HOST}},
    {"GET", "", "HTTP/1.1", {HOST}},
    {"G:T", "/", "HTTP/1.1", {HOST}},
    {"", "/", "HTTP/1.1", {HOST}},
    {"GET", "/", "HTTP/1.2", {HOST}},
    {"GET", "/", "HTTP/2.0", {HOST}},
    {"GET", "/", "", {HOST}},
    /* bodies of methods that have none */
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
    const char *version = bad[_i].version;
    bool other = strcmp(version, "HTTP/1.2") == 0 || strcmp(version, "HTTP/2.0") == 0;
    ck_assert_int_eq(judge(&bad[_i], &framing, &e), other ? ERR_HTTP_VERSION : ERR_BAD_REQUEST);
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

int main(void)
{
    Suite *suite = suite_create("http_filter");
    TCase *t = tcase_create("heads");
    tcase_add_loop_test(t, passes_what_is_plain, 0, sizeof good / sizeof good[0]);
    tcase_add_loop_test(t, refuses_what_is_ambiguous, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test(t, reads_the_framing);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
