/* fuzz_http.c - compares the plain form of a connection's bytes, which the intake hands to the HTTP
 * library, with an independent strict reader (strict_http.h).
 *
 * Claims: the requests that are handed over are those of the raw stream, one for one, with the same
 * method, target and body. A stream that has no single reading is refused. One that is plain in
 * every respect is not refused. The division of the stream changes nothing. */
#include <string.h>

#include "server/http/intake.h"
#include "server/http/request_head.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/strict_http.h"

const int fuzz_rounds = 100000;

enum { LIMIT = 512, LONGEST = 1 << 16, LINE = 1000, TRAILER = 8000 };

/* The output of an intake. */
struct passed {
    char *bytes;
    size_t length;
    enum err_code code;
    bool refused, in_body;
    unsigned heads;
};

static void ignore(void *arg)
{
    (void)arg;
}

static struct passed pass(const char *bytes, size_t size, size_t step)
{
    static const struct intake_events events = {.refused = ignore};
    struct passed out = {.bytes = malloc(size + 64)};
    struct intake in;
    must(out.bytes != NULL);
    intake_init(&in, LIMIT, &events, NULL);
    for (size_t at = 0; at < size; at += step)
        out.length += intake_pass(&in, bytes + at, size - at < step ? size - at : step,
                                  out.bytes + out.length, size + 64 - out.length);
    out.code = in.verdict.code;
    out.refused = in.state == INTAKE_REFUSED;
    out.in_body = in.in_body;
    out.heads = atomic_load(&in.heads);
    intake_done(&in);
    return out;
}

static bool same(struct strict_text a, struct strict_text b)
{
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

/* Returns the path and query of a target, which may be in absolute form; "" if it has neither. */
static struct strict_text path_of(struct strict_text target)
{
    for (size_t i = 0; i + 3 <= target.length && *target.bytes != '/'; i++)
        if (memcmp(target.bytes + i, "://", 3) == 0) {
            i += 3;
            while (i < target.length && !memchr("/?#", target.bytes[i], 3))
                i++;
            return (struct strict_text){target.bytes + i, target.length - i};
        }
    return target;
}

/* Whether the one reading of the host is certain: it is not an address in brackets. */
static bool has_plain_host(const struct strict_message *m)
{
    return !m->host.bytes || !memchr(m->host.bytes, '[', m->host.length);
}

/* A target in absolute form without a path has the path "/". */
static bool same_target(struct strict_text raw, struct strict_text clean)
{
    struct strict_text path = path_of(raw);
    if (path.bytes != raw.bytes && (path.length == 0 || *path.bytes != '/') && clean.length > 0 &&
        *clean.bytes == '/')
        clean = (struct strict_text){clean.bytes + 1, clean.length - 1};
    return same(path, clean);
}

static bool is_plain(const struct strict_message *m)
{
    int arguments = 1;
    bool one = m->third.bytes[7] == '1', body = m->chunked || m->body_length > 0;
    for (size_t i = 0; i < m->second.length; i++)
        arguments += m->second.bytes[i] == '&';
    return m->head <= LIMIT && *m->second.bytes == '/' && arguments <= HEAD_ARGUMENTS_MAX &&
           !memmem(m->second.bytes, m->second.length, "://", 3) && m->fields <= HEAD_FIELDS_MAX &&
           (one ? m->hosts == 1 : m->hosts <= 1) && !m->disguised && has_plain_host(m) &&
           m->longest_line < LINE && m->trailer < TRAILER &&
           (!body || strict_is(m->first, "POST") || strict_is(m->first, "PUT"));
}

static void compare(const struct strict_message *raw, const struct strict_message *clean)
{
    must(same(raw->first, clean->first) && same_target(raw->second, clean->second) &&
         same(raw->third, clean->third));
    bool absolute = *raw->second.bytes != '/' && *raw->second.bytes != '*';
    must(!absolute || clean->hosts == 0 || clean->host.length > 0);
    must(raw->chunked == clean->chunked && raw->sized == clean->sized);
    must(raw->body_length == clean->body_length && raw->body_sum == clean->body_sum);
    must(clean->fields <= raw->fields && clean->trailer <= 2);
}

static void check(const char *bytes, size_t size, const struct passed *out)
{
    struct strict_message raw, clean;
    size_t from = 0, to = 0;
    unsigned whole = 0;
    bool plain = true;
    enum strict of_raw, of_clean;
    for (;; whole++) {
        of_raw = strict_request(bytes + from, size - from, &raw);
        of_clean = strict_request(out->bytes + to, out->length - to, &clean);
        plain = plain && of_raw != STRICT_WRONG && (of_raw == STRICT_MORE || is_plain(&raw));
        must(of_clean != STRICT_WRONG);
        if (of_raw != STRICT_WHOLE || of_clean != STRICT_WHOLE)
            break;
        compare(&raw, &clean);
        from += raw.length;
        to += clean.length;
    }
    must(of_clean == STRICT_MORE);                  /* the raw stream has all of it */
    must(out->heads == whole + (to < out->length)); /* only requests are handed over */
    must(out->refused || of_raw == STRICT_MORE);    /* and all of them, if none is refused */
    must(!out->refused || !out->in_body || to < out->length);
    must(out->refused == (out->code != ERR_OK));
    if (plain && of_raw == STRICT_MORE && size - from < LIMIT / 2 && raw.head == 0)
        must(!out->refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > LONGEST)
        return 0;
    const char *bytes = (const char *)data;
    struct passed once = pass(bytes, size, size + 1), cut = pass(bytes, size, 1 + size % 7);
    must(once.length == cut.length && once.code == cut.code && once.heads == cut.heads);
    must(memcmp(once.bytes, cut.bytes, once.length) == 0);
    check(bytes, size, &once);
    free(once.bytes);
    free(cut.bytes);
    return 0;
}
