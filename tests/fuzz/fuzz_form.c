/* fuzz_form.c - compares the form reader (multipart.h) with a second reader, which sees the whole
 * form at once (strict_form.h). The first line is the Content-Type, and the rest is the form.
 *
 * Claims: both accept the same forms, and find the same parts, with the same names, names of files,
 * encodings and data. The division of the form changes nothing. */
#include <string.h>

#include "server/http/multipart.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/strict_form.h"

const int fuzz_rounds = 50000;

enum { MARK = 256 }; /* ends a text; no byte is equal to it */

/* The parts, as a number that depends on every byte and on the order. */
struct seen {
    int parts;
    uint64_t sum;
};

static void add(struct seen *seen, unsigned value)
{
    seen->sum = (seen->sum + value + 1) * 1099511628211u;
}

static void add_bytes(struct seen *seen, const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(seen, (unsigned char)bytes[i]);
}

static void add_text(struct seen *seen, const char *text)
{
    add_bytes(seen, text, strlen(text));
    add(seen, MARK);
}

static enum err_code on_part(void *arg, const struct multipart_part *part, struct err *e)
{
    struct seen *seen = arg;
    (void)e;
    seen->parts++;
    add(seen, MARK);
    add_text(seen, part->name);
    add_text(seen, part->file_name);
    add_text(seen, part->encoding);
    return ERR_OK;
}

static enum err_code on_data(void *arg, const char *bytes, size_t count, struct err *e)
{
    (void)e;
    add_bytes(arg, bytes, count);
    return ERR_OK;
}

static const struct multipart_events form_events = {on_part, on_data};

/* Reads the form in steps of `step` bytes. Returns its result. */
static enum err_code read_form(const char *type, struct strict_text form, size_t step,
                               struct seen *seen)
{
    struct multipart m;
    enum err_code rc = multipart_init(&m, type, &form_events, seen, NULL);
    for (size_t at = 0, n; rc == ERR_OK && at < form.length; at += n) {
        n = form.length - at < step ? form.length - at : step;
        rc = multipart_take(&m, form.bytes + at, n, NULL);
    }
    return rc == ERR_OK ? multipart_end(&m, NULL) : rc;
}

static void on_strict_part(void *arg, const struct strict_part *part)
{
    struct seen *seen = arg;
    seen->parts++;
    add(seen, MARK);
    add_text(seen, part->name);
    add_text(seen, part->file_name);
    add_text(seen, part->encoding);
    add_bytes(seen, part->data.bytes, part->data.length);
}

static void check_form(const char *type, struct strict_text form)
{
    struct seen once = {0}, cut = {0}, again = {0};
    enum err_code rc = read_form(type, form, form.length + 1, &once);
    must(rc == read_form(type, form, 1, &cut));
    must(rc == ERR_OK || rc == ERR_BAD_MULTIPART);
    must((rc == ERR_OK) ==
         strict_form((struct strict_text){type, strlen(type)}, form, on_strict_part, &again));
    if (rc != ERR_OK)
        return;
    must(once.parts == cut.parts && once.sum == cut.sum);
    must(once.parts == again.parts && once.sum == again.sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - data) : size;
    char *type = input_text(data, length);
    bool form = multipart_is_form(type);
    must(form == strict_is_form((struct strict_text){type, strlen(type)}));
    if (form && end)
        check_form(type, (struct strict_text){(const char *)end + 1, size - length - 1});
    free(type);
    return 0;
}
