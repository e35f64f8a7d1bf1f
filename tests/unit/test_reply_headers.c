/* test_reply_headers.c - headers that are added to replies: ETag and 304, CORS, the name to save
 * as. */
#include <string.h>

#include "server/answer/cors.h"
#include "server/answer/disposition.h"
#include "server/answer/etag.h"
#include "tests/lib/harness.h"

static const char *value_of(const struct reply *r, const char *name)
{
    for (int i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
}

/* The tag of the bytes "abc": the start of their SHA-256 (the example of FIPS 180-4). */
#define ABC "\"ba7816bf8f01cfea414140de5dae2223\""

static const struct {
    const char *asked;
    int status;
} tags[] = {
    {NULL, 200},
    {"", 200},
    {"\"\"", 200},
    {ABC, 304},
    {"W/" ABC, 304},
    {"*", 304},
    {"\"other\", " ABC, 304},
    {"\"a,b\" ,\t" ABC, 304},
    {"\"ba7816bf8f01cfea414140de5dae2224\"", 200},
    {"ba7816bf8f01cfea414140de5dae2223", 200},
    {"\"x" ABC, 200},
    {"\"unfinished", 200},
};

START_TEST(who_has_it_gets_304)
{
    struct reply r;
    reply_init(&r);
    reply_text(&r, 200, "text/plain", "abc");
    etag_apply(&r, tags[_i].asked);
    ck_assert_int_eq(r.status, tags[_i].status);
    ck_assert_str_eq(value_of(&r, "ETag"), ABC);
    reply_done(&r);
}
END_TEST

START_TEST(errors_have_no_tag)
{
    struct reply r;
    reply_init(&r);
    reply_text(&r, 404, "text/plain", "abc");
    etag_apply(&r, "*");
    ck_assert_int_eq(r.status, 404);
    ck_assert_ptr_null(value_of(&r, "ETag"));
    reply_done(&r);
}
END_TEST

static const struct {
    const char *allowed, *origin, *answer;
} origins[] = {
    {NULL, "https://a.example", NULL},
    {"*", NULL, NULL},
    {"*", "https://a.example", "*"},
    {"*", "null", "*"},
    {"https://a.example", "https://a.example", "https://a.example"},
    {"https://a.example", "HTTPS://a.example", "HTTPS://a.example"},
    {"https://a.example", "https://a.example.evil", NULL},
    {"https://a.example", "https://a.exampl", NULL},
    {"https://a.example", "", NULL},
    {"https://a.example, http://b:8080", "http://b:8080", "http://b:8080"},
    {"https://a.example", "null", NULL},
    {"https://a.example", "*", NULL},
};

START_TEST(origins_that_are_listed_may_read)
{
    struct reply r;
    reply_init(&r);
    cors_apply(&r, origins[_i].allowed, origins[_i].origin);
    cors_preflight(&r, origins[_i].allowed, origins[_i].origin, "GET");
    const char *answer = value_of(&r, "Access-Control-Allow-Origin");
    if (origins[_i].answer)
        ck_assert_str_eq(answer, origins[_i].answer);
    else
        ck_assert_ptr_null(answer);
    ck_assert_int_eq(value_of(&r, "Access-Control-Allow-Methods") != NULL, answer != NULL);
    ck_assert_int_eq(value_of(&r, "Vary") != NULL,
                     origins[_i].allowed && strcmp(origins[_i].allowed, "*") != 0);
    reply_done(&r);
}
END_TEST

static const struct {
    const char *theirs;
    double scale;
    const char *value;
} names[] = {
    {NULL, 2, "inline; filename=\"picture-2x.png\""},
    {"", 2, "inline; filename=\"picture-2x.png\""},
    {"a.png", 2, "inline; filename=\"a-2x.png\""},
    {"a.PNG", 2.5, "inline; filename=\"a-2.5x.png\""},
    {"a.jpg", 4, "inline; filename=\"a.jpg-4x.png\""},
    {"a b (1).png", 0, "inline; filename=\"a b (1)-upscaled.png\""},
    {".png", 2, "inline; filename=\"png-2x.png\""},
    {"../../etc/passwd", 2, "inline; filename=\"passwd-2x.png\""},
    {"C:\\x\\a.png", 2, "inline; filename=\"a-2x.png\""},
    {"...", 2, "inline; filename=\"picture-2x.png\""},
    {"a\"; x=\"b", 2, "inline; filename=\"a__ x__b-2x.png\""},
    {"a\r\nSet-Cookie: b", 2, "inline; filename=\"a__Set-Cookie_ b-2x.png\""},
    {"\xff\xfe", 2, "inline; filename=\"__-2x.png\""},
    {"\xed\xa0\x80", 2, "inline; filename=\"___-2x.png\""},      /* a surrogate */
    {"\xe0\x80\xaf", 2, "inline; filename=\"___-2x.png\""},      /* an overlong slash */
    {"\xf4\x90\x80\x80", 2, "inline; filename=\"____-2x.png\""}, /* above U+10FFFF */
    {"\xf4\x8f\xbf\xbf", 2,
     "inline; filename=\"____-2x.png\"; filename*=UTF-8''%F4%8F%BF%BF-2x.png"},
    {"\xc3\xa9t\xc3\xa9.png", 2,
     "inline; filename=\"__t__-2x.png\"; filename*=UTF-8''%C3%A9%74%C3%A9-2x.png"},
    {"0123456789012345678901234567890123456789.png", 2,
     "inline; filename=\"012345678901234567890123456789-2x.png\""},
    {"01234567890123456789012345678\xc3\xa9.png", 2,
     "inline; filename=\"01234567890123456789012345678_-2x.png\""},
};

START_TEST(the_name_to_save_as_follows_theirs)
{
    struct reply r;
    reply_init(&r);
    disposition_apply(&r, names[_i].theirs, names[_i].scale);
    ck_assert_str_eq(value_of(&r, "Content-Disposition"), names[_i].value);
    reply_done(&r);
}
END_TEST

START_TEST(the_longest_name_fits)
{
    struct reply r;
    char theirs[301];
    for (int i = 0; i < 300; i++)
        theirs[i] = i % 2 ? '\xa9' : '\xc3';
    theirs[300] = '\0';
    reply_init(&r);
    disposition_apply(&r, theirs, 7.123456789);
    const char *value = value_of(&r, "Content-Disposition");
    ck_assert_str_eq(value + strlen(value) - 14, &"%C3%A9-7.12x.png"[2]);
    reply_done(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reply_headers");
    TCase *t = tcase_create("reply_headers");
    tcase_add_loop_test(t, who_has_it_gets_304, 0, sizeof tags / sizeof tags[0]);
    tcase_add_test(t, errors_have_no_tag);
    tcase_add_loop_test(t, origins_that_are_listed_may_read, 0, sizeof origins / sizeof origins[0]);
    tcase_add_loop_test(t, the_name_to_save_as_follows_theirs, 0, sizeof names / sizeof names[0]);
    tcase_add_test(t, the_longest_name_fits);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
