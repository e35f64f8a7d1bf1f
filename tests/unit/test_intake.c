/* test_intake.c - what an intake hands over of the bytes that arrive, however they are split, and
 * what it refuses. */
#include <stdlib.h>
#include <string.h>

#include "server/http/intake.h"
#include "server/http/request_head.h"
#include "tests/lib/harness.h"

#define RAW(text) text, sizeof text - 1
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost:a\r\n"
#define CHUNKED POST "Transfer-Encoding:chunked\r\n\r\n"

enum { LIMIT = 300, ROOM = 4096 };

static const struct row {
    const char *raw;
    size_t length;
    const char *clean; /* the bytes that are handed over */
    size_t clean_length;
    enum err_code code;
} rows[] = {
    /* heads */
    {RAW(GET "\r\n"), RAW("GET / HTTP/1.1\r\nHost:a\r\n\r\n"), ERR_OK},
    {RAW("\r\n\r\n" GET "\r\n"), RAW("GET / HTTP/1.1\r\nHost:a\r\n\r\n"), ERR_OK},
    {RAW("GET / HTTP/1.0\r\n\r\n"), RAW("GET / HTTP/1.0\r\n\r\n"), ERR_OK},
    {RAW("GET /?a=b HTTP/1.1\r\nHost:\t a \t\r\nAccept:\r\nACCEPT: c  d\r\n\r\n"),
     RAW("GET /?a=b HTTP/1.1\r\nHost:a\r\nAccept:\r\nACCEPT:c  d\r\n\r\n"), ERR_OK},
    {RAW(GET "\r\n" GET "\r\n"),
     RAW("GET / HTTP/1.1\r\nHost:a\r\n\r\nGET / HTTP/1.1\r\nHost:a\r\n\r\n"), ERR_OK},
    {RAW(GET), RAW(""), ERR_OK},
    {RAW(GET "Cookie: a=\"\r\nA: b\r\nOrigin: c\r\ncookie: c\r\n\r\n"),
     RAW("GET / HTTP/1.1\r\nHost:a\r\nOrigin:c\r\n\r\n"), ERR_OK},
    {RAW(GET "Expect: 100-continue\r\n\r\n"), RAW("GET / HTTP/1.1\r\nHost:a\r\n\r\n"), ERR_OK},
    {RAW(POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n"),
     RAW("POST / HTTP/1.1\r\nHost:a\r\nExpect:100-continue\r\nContent-Length:1\r\n\r\n"), ERR_OK},
    {RAW(GET "Cookie: a\x01\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "Cookie : a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "A: a\x7f\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), RAW("OPTIONS * HTTP/1.1\r\nHost:a\r\n\r\n"),
     ERR_OK},
    /* targets in absolute form */
    {RAW("GET http://b.example:80/x?y HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\n"),
     RAW("GET /x?y HTTP/1.1\r\nHost:b.example:80\r\nAccept:b\r\n\r\n"), ERR_OK},
    {RAW("GET HTTPS://b HTTP/1.1\r\nA: b\r\nHost: \r\n\r\n"),
     RAW("GET / HTTP/1.1\r\nHost:b\r\n\r\n"), ERR_OK},
    {RAW("GET http://b?y HTTP/1.1\r\nHost:a\r\n\r\n"), RAW("GET /?y HTTP/1.1\r\nHost:b\r\n\r\n"),
     ERR_OK},
    {RAW("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET http://u@b/x HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET http://[::1]:8080/x HTTP/1.1\r\nHost: a\r\n\r\n"),
     RAW("GET /x HTTP/1.1\r\nHost:[::1]:8080\r\n\r\n"), ERR_OK},
    {RAW("GET http://:80/x HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET http://[::1/x HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET http://b:8x/x HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET http://b/x HTTP/1.1\r\nHost: a b\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET ftp://b/x HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET http://b/x HTTP/1.1\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("CONNECT b:80 HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET * HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    /* lines */
    {RAW(GET "A: b\nC: d\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "A: b\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "A: b\rC"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "A: b\r\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "\0"), RAW(""), ERR_BAD_REQUEST},
    {RAW("\0"), RAW(""), ERR_BAD_REQUEST},
    {RAW("\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET " A: b\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "A\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(GET "A : b\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET /\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GARBAGE\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET / / HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW("PRI * HTTP/2.0\r\n\r\n"), RAW(""), ERR_HTTP_VERSION},
    {RAW("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), RAW(""), ERR_HTTP_VERSION},
    {RAW("GET / http/1.1\r\nHost: a\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    /* bodies */
    {RAW(POST "Content-Length: 3\r\n\r\n\n\0x" GET "\r\n"),
     RAW(POST "Content-Length:3\r\n\r\n\n\0xGET / HTTP/1.1\r\nHost:a\r\n\r\n"), ERR_OK},
    {RAW(POST "Content-Length: 3\r\n\r\nab"), RAW(POST "Content-Length:3\r\n\r\nab"), ERR_OK},
    {RAW(POST "Content-Length: 5, 5\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    {RAW(POST "Content-Length: 00000000000000000000000\r\n\r\n"),
     RAW(POST "Content-Length:00000000000000000000000\r\n\r\n"), ERR_OK},
    {RAW(POST "Content-Length: 11111111111111111111111\r\n\r\n"), RAW(""), ERR_BAD_REQUEST},
    /* chunks */
    {RAW(CHUNKED "0\r\n\r\n" GET "\r\n"), RAW(CHUNKED "0\r\n\r\nGET / HTTP/1.1\r\nHost:a\r\n\r\n"),
     ERR_OK},
    {RAW(CHUNKED "003\r\na\n\0\r\nC ;x=\"y\"\r\nabcdefghijkl\r\n000;z\r\nA: b\r\nC: d\r\n\r\n"),
     RAW(CHUNKED "3\r\na\n\0\r\nc\r\nabcdefghijkl\r\n0\r\n\r\n"), ERR_OK},
    {RAW(CHUNKED "F\r\n0123456789abcde\r\nA\r\n0123456789\r\n0\r\n\r\n"),
     RAW(CHUNKED "f\r\n0123456789abcde\r\na\r\n0123456789\r\n0\r\n\r\n"), ERR_OK},
    {RAW(CHUNKED "3\r\nab"), RAW(CHUNKED "3\r\nab"), ERR_OK},
    {RAW(CHUNKED "3\nabc"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "3\r\nabc\n"), RAW(CHUNKED "3\r\nabc"), ERR_BAD_REQUEST},
    {RAW(CHUNKED "3\r\nabcd"), RAW(CHUNKED "3\r\nabc"), ERR_OK},
    {RAW(CHUNKED "3\r\nabcd\r\n"), RAW(CHUNKED "3\r\nabc"), ERR_BAD_REQUEST},
    {RAW(CHUNKED "\r\n"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "x\r\n"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "-1\r\n"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "0x3\r\n"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "3 \r\n"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "3;\x01\r\n"), RAW(CHUNKED), ERR_BAD_REQUEST},
    {RAW(CHUNKED "7fffffffffffffff\r\n"), RAW(CHUNKED "7fffffffffffffff\r\n"), ERR_OK},
    {RAW(CHUNKED "8000000000000000\r\n"), RAW(CHUNKED), ERR_BODY_TOO_LARGE},
    {RAW(CHUNKED "fffffffffffffffff\r\n"), RAW(CHUNKED), ERR_BODY_TOO_LARGE},
    {RAW(CHUNKED "0\r\nA: b\n"), RAW(CHUNKED "0\r\n"), ERR_BAD_REQUEST},
    {RAW(CHUNKED "0\r\nA\r\n"), RAW(CHUNKED "0\r\n"), ERR_BAD_REQUEST},
    {RAW(CHUNKED "0\r\nA: b\r\n c\r\n"), RAW(CHUNKED "0\r\n"), ERR_BAD_REQUEST},
};

struct seen {
    int begun, refused;
    size_t held;
};

static void on_begun(void *arg)
{
    ((struct seen *)arg)->begun++;
}

static void on_refused(void *arg)
{
    ((struct seen *)arg)->refused++;
}

static void on_sized(void *arg, size_t before, size_t after)
{
    struct seen *seen = arg;
    ck_assert_uint_eq(seen->held, before);
    seen->held = after;
}

static const struct intake_events events = {
    .begun = on_begun, .refused = on_refused, .sized = on_sized};

static void hands_over(const struct row *row, size_t cut)
{
    struct seen seen = {0};
    struct intake in;
    char got[ROOM];
    intake_init(&in, LIMIT, &events, &seen);
    size_t n = intake_pass(&in, row->raw, cut, got, sizeof got);
    n += intake_pass(&in, row->raw + cut, row->length - cut, got + n, sizeof got - n);
    ck_assert_msg(n == row->clean_length && memcmp(got, row->clean, n) == 0, "%s: %.*s", row->raw,
                  (int)n, got);
    ck_assert_msg(in.verdict.code == row->code, "%s: %s", row->raw, in.verdict.text);
    ck_assert_int_eq(seen.refused, row->code != ERR_OK);
    ck_assert_int_eq(in.state == INTAKE_REFUSED, row->code != ERR_OK);
    intake_done(&in);
    ck_assert_uint_eq(seen.held, 0);
}

START_TEST(what_is_handed_over_does_not_depend_on_the_pieces)
{
    for (size_t cut = 0; cut <= rows[_i].length; cut++)
        hands_over(&rows[_i], cut);
}
END_TEST

/* A head of exactly the limit passes, and one more byte is refused, whichever part of it is
 * long. */
START_TEST(heads_have_a_limit)
{
    static const struct {
        const char *before, *after;
        enum err_code code;
    } kinds[] = {{GET "A: ", "\r\n\r\n", ERR_HEAD_TOO_LARGE},
                 {"GET /", " HTTP/1.1\r\nHost: a\r\n\r\n", ERR_TARGET_TOO_LONG}};
    const char *before = kinds[_i].before, *after = kinds[_i].after;
    for (size_t over = 0; over < 2; over++) {
        char raw[LIMIT + 200], got[ROOM];
        struct seen seen = {0};
        struct intake in;
        size_t all = LIMIT + 200u * over, padding = all - strlen(before) - strlen(after);
        memset(raw, 'x', sizeof raw);
        memcpy(raw, before, strlen(before));
        memcpy(raw + strlen(before) + padding, after, strlen(after));
        intake_init(&in, LIMIT, &events, &seen);
        for (size_t i = 0; i < all && in.state != INTAKE_REFUSED; i++)
            intake_pass(&in, raw + i, 1, got, sizeof got);
        ck_assert_int_eq(in.verdict.code, over ? kinds[_i].code : ERR_OK);
        ck_assert_uint_eq(atomic_load(&in.heads), !over);
        intake_done(&in);
    }
}
END_TEST

START_TEST(lines_and_trailers_of_chunks_have_limits)
{
    static const char *const kinds[] = {CHUNKED "3;", CHUNKED "0\r\nA: ", CHUNKED "0\r\n"};
    struct seen seen = {0};
    struct intake in;
    char got[ROOM];
    intake_init(&in, LIMIT, &events, &seen);
    intake_pass(&in, kinds[_i], strlen(kinds[_i]), got, sizeof got);
    for (int i = 0; i < 5000 && in.state != INTAKE_REFUSED; i++)
        intake_pass(&in, _i == 2 ? "A:b\r\n" : "xxxxx", 5, got, sizeof got);
    ck_assert_int_eq(in.verdict.code, ERR_BAD_REQUEST);
    intake_done(&in);
}
END_TEST

/* Passes the stream in pieces of that many bytes, and returns why the intake refuses it. */
static struct err verdict_of(const char *raw, size_t length, size_t piece, bool in_body)
{
    struct seen seen = {0};
    struct intake in;
    char got[ROOM];
    intake_init(&in, LIMIT, &events, &seen);
    for (size_t i = 0; i < length && in.state != INTAKE_REFUSED; i += piece)
        intake_pass(&in, raw + i, piece < length - i ? piece : length - i, got, sizeof got);
    struct err verdict = in.verdict;
    ck_assert(in.state == INTAKE_REFUSED && in.in_body == in_body);
    intake_done(&in);
    return verdict;
}

/* A fault behind a limit may have arrived with what reaches the limit, or may not. */
START_TEST(what_lies_behind_a_limit_is_not_looked_at)
{
    static const struct {
        const char *before, *behind, *text;
        size_t limit;
    } kinds[] = {
        {GET "A: ", "\n", "headers have more than 300 bytes", LIMIT},
        {"GET /", "\r\n\n", "the request line has more than 300 bytes", LIMIT},
        {CHUNKED "3;", "\n", "a chunk's line, or the trailer", 1024},
        {CHUNKED "1\r\na", "\n", "a chunk is longer than its size says", 2},
        {CHUNKED "0\r\nA: ", "\n", "a chunk's line, or the trailer", 8192},
    };
    char raw[10000];
    size_t length = strlen(kinds[_i].before), behind = strlen(kinds[_i].behind);
    memcpy(raw, kinds[_i].before, length);
    memset(raw + length, 'x', kinds[_i].limit);
    length += kinds[_i].limit;
    memcpy(raw + length, kinds[_i].behind, behind);
    length += behind;
    for (size_t piece = 1; piece <= length; piece += piece < 8 ? 1 : piece) {
        struct err verdict = verdict_of(raw, length, piece, _i >= 2);
        ck_assert_msg(strstr(verdict.text, kinds[_i].text) != NULL, "in pieces of %zu: %s", piece,
                      verdict.text);
    }
    ck_assert_msg(strstr(verdict_of(raw, length, length, _i >= 2).text, kinds[_i].text) != NULL,
                  "whole");
}
END_TEST

/* Empty lines before a request are not a part of it. */
START_TEST(a_head_begins_with_its_first_byte)
{
    struct seen seen = {0};
    struct intake in;
    char got[ROOM];
    intake_init(&in, LIMIT, &events, &seen);
    intake_pass(&in, "\r\n\r\n", 4, got, sizeof got);
    ck_assert_int_eq(seen.begun, 0);
    intake_pass(&in, "G", 1, got, sizeof got);
    intake_pass(&in, "E", 1, got, sizeof got);
    ck_assert_int_eq(seen.begun, 1);
    intake_pass(&in, "T / HTTP/1.0\r\n\r\n\r\n", 18, got, sizeof got);
    ck_assert_int_eq(seen.begun, 1);
    intake_pass(&in, "G", 1, got, sizeof got);
    ck_assert_int_eq(seen.begun, 2);
    intake_done(&in);
}
END_TEST

/* The second head is long, and its request line is not. */
START_TEST(later_heads_have_the_limit_of_the_first)
{
    char raw[2 * LIMIT + 100] = "GET / HTTP/1.0\r\n\r\n" GET "A: ";
    size_t length = strlen(raw);
    memset(raw + length, 'x', LIMIT);
    for (size_t piece = 1; piece <= sizeof raw; piece *= 7) {
        struct err verdict = verdict_of(raw, length + LIMIT, piece, false);
        ck_assert_int_eq(verdict.code, ERR_HEAD_TOO_LARGE);
    }
}
END_TEST

START_TEST(a_query_has_a_number_of_parameters)
{
    for (int over = 0; over < 2; over++) {
        struct seen seen = {0};
        struct intake in;
        char raw[LIMIT] = "GET /?", got[ROOM];
        for (int i = 0; i < HEAD_ARGUMENTS_MAX - 1 + over; i++)
            strcat(raw, "&");
        strcat(raw, " HTTP/1.0\r\n\r\n");
        intake_init(&in, LIMIT, &events, &seen);
        intake_pass(&in, raw, strlen(raw), got, sizeof got);
        ck_assert_int_eq(in.verdict.code, over ? ERR_BAD_REQUEST : ERR_OK);
        ck_assert(!over || strstr(in.verdict.text, "more than 64 parameters"));
        intake_done(&in);
    }
}
END_TEST

START_TEST(what_is_known_of_a_refused_head_is_kept)
{
    static const char raw[] =
        "HEAD /x?y HTTP/1.1\r\nX-Request-ID: me\r\nOrigin: o\r\nA : b\r\n\r\n";
    struct seen seen = {0};
    struct intake in;
    char got[ROOM];
    intake_init(&in, LIMIT, &events, &seen);
    ck_assert_uint_eq(intake_pass(&in, raw, sizeof raw - 1, got, sizeof got), 0);
    ck_assert_str_eq(in.refused.method, "HEAD");
    ck_assert_str_eq(in.refused.target, "/x?y");
    ck_assert_str_eq(in.refused.id, "me");
    ck_assert_str_eq(in.refused.origin, "o");
    intake_done(&in);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("intake");
    TCase *t = tcase_create("bytes");
    tcase_add_loop_test(t, what_is_handed_over_does_not_depend_on_the_pieces, 0,
                        sizeof rows / sizeof rows[0]);
    tcase_add_loop_test(t, heads_have_a_limit, 0, 2);
    tcase_add_loop_test(t, lines_and_trailers_of_chunks_have_limits, 0, 3);
    tcase_add_test(t, later_heads_have_the_limit_of_the_first);
    tcase_add_test(t, a_query_has_a_number_of_parameters);
    tcase_add_loop_test(t, what_lies_behind_a_limit_is_not_looked_at, 0, 5);
    tcase_add_test(t, a_head_begins_with_its_first_byte);
    tcase_add_test(t, what_is_known_of_a_refused_head_is_kept);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
