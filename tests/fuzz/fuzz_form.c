/* fuzz_form.c - compares the form reader (multipart.h) with a second reader, which sees the whole
 * form at once. Claims: both accept the same forms, with the same data in each part; the division
 * of the form changes nothing. */
#include <string.h>

#include "server/http/multipart.h"
#include "tests/fuzz/fuzz.h"

const int fuzz_rounds = 50000;

struct seen {
    int parts;
    uint64_t bytes, data_sum; /* of the data */
    uint64_t sum;             /* of the names */
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
        seen->data_sum = seen->data_sum * 31 + (unsigned char)bytes[i];
    return ERR_OK;
}

static const struct multipart_events form_events = {on_part, on_data};

/* Reads the form in steps of `step` bytes. Returns its result. */
static enum err_code read_form(const char *bytes, size_t size, size_t step, struct seen *seen)
{
    struct multipart m;
    enum err_code rc =
        multipart_init(&m, "multipart/form-data; boundary=X", &form_events, seen, NULL);
    for (size_t at = 0; rc == ERR_OK && at < size; at += step)
        rc = multipart_take(&m, bytes + at, size - at < step ? size - at : step, NULL);
    return rc == ERR_OK ? multipart_end(&m, NULL) : rc;
}

/* The rest of the form. */
struct rest {
    const char *at, *end;
};

/* Moves past the next line that begins with the boundary. That may be the first line of the
 * form. */
static bool skip_to_boundary(struct rest *r, bool first, struct seen *seen)
{
    const char *start = r->at;
    bool at_once = r->end - start >= 3 && memcmp(start, "--X", 3) == 0;
    const char *found =
        first && at_once ? start : memmem(start, (size_t)(r->end - start), "\r\n--X", 5);
    if (!found)
        return false;
    for (const char *c = start; seen && c < found; c++) {
        seen->bytes++;
        seen->data_sum = seen->data_sum * 31 + (unsigned char)*c;
    }
    r->at = found + (first && at_once ? 3 : 5);
    return true;
}

/* Skips blanks and the end of the line after a boundary. */
static bool skip_padding(struct rest *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t'))
        r->at++;
    bool fine = r->end - r->at >= 2 && memcmp(r->at, "\r\n", 2) == 0;
    r->at += fine ? 2 : 0;
    return fine;
}

/* Skips the head of a part: lines up to an empty one. Its CR LF may be that of the next
 * boundary. */
static bool skip_head(struct rest *r)
{
    size_t left = (size_t)(r->end - r->at);
    const char *found =
        left >= 2 && memcmp(r->at, "\r\n", 2) == 0 ? r->at - 2 : memmem(r->at, left, "\r\n\r\n", 4);
    if (!found)
        return false;
    r->at = found + 2;
    return true;
}

/* Returns the data of an accepted form, and the number of its parts. */
static struct seen read_again(const char *bytes, size_t size)
{
    struct rest r = {bytes, bytes + size};
    struct seen seen = {0};
    must(skip_to_boundary(&r, true, NULL));
    while (r.end - r.at < 2 || memcmp(r.at, "--", 2) != 0) {
        must(skip_padding(&r) && skip_head(&r));
        seen.parts++;
        if (r.end - r.at >= 5 && memcmp(r.at, "\r\n--X", 5) == 0) {
            r.at += 5;
            continue;
        }
        r.at += 2;
        must(skip_to_boundary(&r, false, &seen));
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *bytes = (const char *)data;
    struct seen once = {0}, cut = {0};
    enum err_code first = read_form(bytes, size, size + 1, &once);
    must(first == read_form(bytes, size, 1, &cut));
    must(first == ERR_OK || first == ERR_BAD_MULTIPART);
    must(once.bytes <= size);
    if (first != ERR_OK)
        return 0;
    must(memcmp(&once, &cut, sizeof once) == 0);
    struct seen again = read_again(bytes, size);
    must(again.parts == once.parts && again.bytes == once.bytes && again.data_sum == once.data_sum);
    return 0;
}
