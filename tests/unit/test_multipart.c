/* test_multipart.c - forms: their parts, however the bytes are split, and the forms that are
 * refused. */
#include <stdio.h>
#include <string.h>

#include "server/http/multipart.h"
#include "tests/lib/harness.h"

/* What was read, as text: name/file name/encoding=data; for each part */
struct heard {
    char text[2048];
    size_t length;
    enum err_code refuse; /* the result of the next event */
};

static void append(struct heard *h, const char *bytes, size_t count)
{
    ck_assert(h->length + count < sizeof h->text);
    memcpy(h->text + h->length, bytes, count);
    h->length += count;
    h->text[h->length] = '\0';
}

static enum err_code on_part(void *arg, const struct multipart_part *part, struct err *e)
{
    struct heard *h = arg;
    char head[256];
    int n = snprintf(head, sizeof head, "%s%s/%s/%s=", h->length ? ";" : "", part->name,
                     part->file_name, part->encoding);
    append(h, head, (size_t)n);
    return h->refuse == ERR_OK ? ERR_OK : err_set(e, h->refuse, "refused");
}

static enum err_code on_data(void *arg, const char *bytes, size_t count, struct err *e)
{
    (void)e;
    ck_assert(count > 0);
    append(arg, bytes, count);
    return ERR_OK;
}

static const struct multipart_events events = {on_part, on_data};

/* Reads the form in pieces of at most `step` bytes. */
static enum err_code read_form(const char *type, const char *body, size_t step, struct heard *h)
{
    struct multipart m;
    struct err e = ERR_INIT;
    size_t size = strlen(body);
    enum err_code rc = multipart_init(&m, type, &events, h, &e);
    for (size_t at = 0; rc == ERR_OK && at < size; at += step)
        rc = multipart_take(&m, body + at, size - at < step ? size - at : step, &e);
    if (rc == ERR_OK)
        rc = multipart_end(&m, &e);
    ck_assert(rc == ERR_OK || e.text[0] != '\0');
    return rc;
}

#define TYPE "multipart/form-data; boundary=X"
#define DISPOSITION "Content-Disposition: form-data; name=image"
#define PART(head, data) "--X\r\n" head "\r\n\r\n" data "\r\n"
#define END "--X--\r\n"

static const struct {
    const char *type, *body, *heard;
} taken[] = {
    {TYPE, PART(DISPOSITION, "abc") END, "image//=abc"},
    {TYPE, PART(DISPOSITION, "") END, "image//="},
    {TYPE, "--X\r\n" DISPOSITION "\r\n\r\n" END, "image//="}, /* the line end is the delimiter's */
    {TYPE, PART(DISPOSITION, "a") PART("Content-Disposition: form-data; name=b", "c") END,
     "image//=a;b//=c"},
    {TYPE, PART("Content-Disposition: form-data; name=\"image\"; filename=\"a b.png\"", "x") END,
     "image/a b.png/=x"},
    {TYPE, PART("content-disposition:FORM-DATA ;\tNAME = \"image\"", "x") END, "image//=x"},
    {TYPE, PART("Content-Disposition: form-data;\r\n name=image", "x") END, "image//=x"},
    {TYPE, PART("Content-Disposition: form-data; name=image; filename=\"a%22b\"", "x") END,
     "image/a\"b/=x"},
    {TYPE, PART("Content-Disposition: form-data; name=image; filename=\"a%41b\"", "x") END,
     "image/a%41b/=x"},
    {TYPE, PART("Content-Disposition: form-data; name=image; filename*=UTF-8''a%20b", "x") END,
     "image/a b/=x"},
    {TYPE,
     PART("Content-Disposition: form-data; name=image; filename=c; filename*=utf-8'en'd", "x") END,
     "image/d/=x"},
    {TYPE,
     PART("Content-Disposition: form-data; name=image; filename*=utf-8''d; filename=c", "x") END,
     "image/d/=x"},
    {TYPE, PART("Content-Disposition: form-data; name=image; filename*=latin1''d", "x") END,
     "image//=x"},
    {TYPE,
     PART("Content-Disposition: form-data; name=image; filename=c; filename*=utf-8''", "x") END,
     "image/c/=x"},
    {TYPE,
     PART("Content-Disposition: form-data; name=image; filename=c; filename*=latin1''d; filename=e",
          "x") END,
     "image/e/=x"},
    {TYPE,
     PART("Content-Type: image/png\r\n" DISPOSITION "\r\nContent-Transfer-Encoding: base64", "x")
         END,
     "image//base64=x"},
    {TYPE, PART("Content-Type: text/plain", "no name") END, "//=no name"},
    {TYPE, "a preamble\r\nwith --X in it\r\n" PART(DISPOSITION, "a") END "an epilogue --X",
     "image//=a"},
    {TYPE, "--X  \t\r\n" DISPOSITION "\r\n\r\na\r\n--X--", "image//=a"},
    {TYPE, PART(DISPOSITION, "a\r\n--Y\r\nb\r\r\n\r\n-\r\n--") END,
     "image//=a\r\n--Y\r\nb\r\r\n\r\n-\r\n--"},
    {TYPE, PART(DISPOSITION, "\r\n\r") END, "image//=\r\n\r"},
    {"multipart/form-data; charset=utf-8; BOUNDARY=\"X\"", PART(DISPOSITION, "a") END, "image//=a"},
    {"Multipart/Form-Data;xboundary=Y;boundary=X ; charset=UTF-8", PART(DISPOSITION, "a") END,
     "image//=a"},
    {"multipart/form-data; boundary=\"a b'()+_,-./:=?\"",
     "--a b'()+_,-./:=?\r\n" DISPOSITION "\r\n\r\nz\r\n--a b'()+_,-./:=?--", "image//=z"},
};

START_TEST(a_form_reads_the_same_however_it_is_cut)
{
    for (size_t step = 1; step <= strlen(taken[_i].body); step++) {
        struct heard h = {.refuse = ERR_OK};
        ck_assert_int_eq(read_form(taken[_i].type, taken[_i].body, step, &h), ERR_OK);
        ck_assert_msg(strcmp(h.text, taken[_i].heard) == 0, "\"%s\" by %zu, not \"%s\"", h.text,
                      step, taken[_i].heard);
    }
}
END_TEST

static const struct {
    const char *type, *body;
} refused[] = {
    {"multipart/form-data", ""},
    {"multipart/form-data; boundary=", ""},
    {"multipart/form-data; boundary=\"\"", ""},
    {"multipart/form-data; boundary=\"X \"", ""},
    {"multipart/form-data; boundary=\"X\xc3\xa4\"", ""},
    {"multipart/form-data; boundary=X; boundary=Y", ""},
    {"multipart/form-data; boundary=X; \"", ""},
    {"multipart/form-data; "
     "boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
     ""},
    {TYPE, ""},
    {TYPE, "--X"},
    {TYPE, PART(DISPOSITION, "a")},
    {TYPE, PART(DISPOSITION, "a") "--X-"},
    {TYPE, PART(DISPOSITION, "a") "--Xa"},
    {TYPE, PART(DISPOSITION, "a") "--X -"},
    {TYPE, "--X\n" DISPOSITION "\r\n\r\na\r\n" END},
    {TYPE, "--X\r\n" DISPOSITION "\n\r\na\r\n" END},
    {TYPE, "--X\r\n" DISPOSITION "\r\n\na\r\n" END},
    {TYPE, "--X\r\n" DISPOSITION "\r\n\rEa\r\n" END},
    {TYPE, PART("no colon", "a") END},
    {TYPE, PART(": no name", "a") END},
    {TYPE, PART("Content-Disposition: attachment; name=image", "a") END},
    {TYPE, PART(DISPOSITION "\r\n" DISPOSITION, "a") END},
    {TYPE, PART("Content-Disposition: form-data; name=a; name=b", "a") END},
    {TYPE, PART("Content-Disposition: form-data; name=\"a", "a") END},
};

START_TEST(what_is_malformed_is_refused_however_it_is_cut)
{
    for (size_t step = 1; step <= strlen(refused[_i].body) + 1; step++) {
        struct heard h = {.refuse = ERR_OK};
        ck_assert_int_eq(read_form(refused[_i].type, refused[_i].body, step, &h),
                         ERR_BAD_MULTIPART);
    }
}
END_TEST

START_TEST(a_head_has_a_limit)
{
    char body[PART_HEAD_MAX + 200] = "--X\r\n" DISPOSITION "\r\nA: ";
    struct heard h = {.refuse = ERR_OK};
    size_t length = strlen(body);
    memset(body + length, 'a', PART_HEAD_MAX);
    ck_assert_int_eq(read_form(TYPE, body, sizeof body, &h), ERR_BAD_MULTIPART);
    ck_assert_uint_eq(h.length, 0);
}
END_TEST

START_TEST(an_event_ends_the_reading)
{
    struct heard h = {.refuse = ERR_BODY_TOO_LARGE};
    ck_assert_int_eq(read_form(TYPE, PART(DISPOSITION, "abc") END, 1000, &h), ERR_BODY_TOO_LARGE);
    ck_assert_str_eq(h.text, "image//=");
}
END_TEST

START_TEST(only_forms_are_forms)
{
    ck_assert(multipart_is_form("multipart/form-data; boundary=X"));
    ck_assert(multipart_is_form("Multipart/Form-Data;boundary=X"));
    ck_assert(!multipart_is_form("multipart/form-database; boundary=X"));
    ck_assert(!multipart_is_form("multipart/mixed; boundary=X"));
    ck_assert(!multipart_is_form("image/png"));
    ck_assert(!multipart_is_form(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("multipart");
    TCase *t = tcase_create("multipart");
    tcase_add_loop_test(t, a_form_reads_the_same_however_it_is_cut, 0,
                        sizeof taken / sizeof *taken);
    tcase_add_loop_test(t, what_is_malformed_is_refused_however_it_is_cut, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(t, a_head_has_a_limit);
    tcase_add_test(t, an_event_ends_the_reading);
    tcase_add_test(t, only_forms_are_forms);
    suite_add_tcase(suite, t);
    return harness_run(suite);
}
