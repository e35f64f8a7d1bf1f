/* fuzz_form.c - a form, and a connection's bytes: what is read does not depend on how it is cut, and
 * stays within bounds. */
#include <stdlib.h>
#include <string.h>

#include "server/http/intake.h"
#include "server/http/multipart.h"
#include "tests/fuzz/fuzz.h"

enum { LIMIT = 512 };

struct seen {
    int parts;
    uint64_t bytes, sum; /* of the data */
};

static enum err_code on_part(void *arg, const struct multipart_part *part, struct err *e)
{
    struct seen *seen = arg;
    (void)e;
    seen->parts++;
    seen->sum = seen->sum * 31 + strlen(part->name) + strlen(part->file_name);
    return ERR_OK;
}

static enum err_code on_data(void *arg, const char *bytes, size_t count, struct err *e)
{
    struct seen *seen = arg;
    (void)e;
    seen->bytes += count;
    for (size_t i = 0; i < count; i++)
        seen->sum = seen->sum * 31 + (unsigned char)bytes[i];
    return ERR_OK;
}

static const struct multipart_events form_events = {on_part, on_data};

/* Reads the form in steps of so many bytes. Returns how it ended. */
static enum err_code read_form(const char *bytes, size_t size, size_t step, struct seen *seen)
{
    struct multipart m;
    enum err_code rc =
        multipart_init(&m, "multipart/form-data; boundary=X", &form_events, seen, NULL);
    for (size_t at = 0; rc == ERR_OK && at < size; at += step)
        rc = multipart_take(&m, bytes + at, size - at < step ? size - at : step, NULL);
    return rc == ERR_OK ? multipart_end(&m, NULL) : rc;
}

static void ignore(void *arg)
{
    (void)arg;
}

static const struct intake_events intake_events = {.refused = ignore};

/* What the library would get, after its length. */
static size_t pass(const char *bytes, size_t size, size_t step, char *to, enum err_code *code)
{
    struct intake in;
    size_t got = 0;
    intake_init(&in, LIMIT, &intake_events, NULL);
    for (size_t at = 0; at < size; at += step)
        got += intake_pass(&in, bytes + at, size - at < step ? size - at : step, to + got,
                           size + 64 - got);
    *code = in.verdict.code;
    intake_done(&in);
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct seen once = {0}, cut = {0};
    enum err_code first = read_form(bytes, size, size + 1, &once);
    if (first != read_form(bytes, size, 1, &cut))
        abort();
    if (first == ERR_OK && memcmp(&once, &cut, sizeof once) != 0)
        abort();
    if (once.bytes > size || (first != ERR_OK && first != ERR_BAD_MULTIPART))
        abort();

    char *whole = malloc(size + 64), *pieces = malloc(size + 64);
    enum err_code whole_code, pieces_code;
    size_t n = pass(bytes, size, size + 1, whole, &whole_code);
    if (n != pass(bytes, size, 1, pieces, &pieces_code) || whole_code != pieces_code ||
        memcmp(whole, pieces, n) != 0)
        abort();
    free(whole);
    free(pieces);
    return 0;
}
