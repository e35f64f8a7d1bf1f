/* strict_http.c - see strict_http.h. */
#include "tests/fuzz/strict_http.h"

#include <ctype.h>
#include <string.h>

/* The position in the bytes. */
struct cursor {
    const char *bytes;
    size_t at, end;
};

bool strict_is(struct strict_text a, const char *b)
{
    size_t i = 0;
    for (; i < a.length && b[i]; i++)
        if (tolower((unsigned char)a.bytes[i]) != tolower((unsigned char)b[i]))
            return false;
    return i == a.length && b[i] == '\0';
}

/* A line ends with the first CR LF. A CR, LF or NUL elsewhere has no single meaning. */
static enum strict next_line(struct cursor *c, struct strict_text *line)
{
    size_t start = c->at;
    for (size_t i = start; i < c->end; i++) {
        char byte = c->bytes[i];
        if (byte == '\0' || byte == '\n')
            return STRICT_WRONG;
        if (byte != '\r')
            continue;
        if (i + 1 == c->end)
            return STRICT_MORE;
        if (c->bytes[i + 1] != '\n')
            return STRICT_WRONG;
        *line = (struct strict_text){c->bytes + start, i - start};
        c->at = i + 2;
        return STRICT_WHOLE;
    }
    return STRICT_MORE;
}

static bool is_token(struct strict_text t)
{
    for (size_t i = 0; i < t.length; i++) {
        unsigned char c = (unsigned char)t.bytes[i];
        if (c <= ' ' || c >= 0x7f || memchr("\"(),/:;<=>?@[\\]{}", c, 17))
            return false;
    }
    return t.length > 0;
}

static bool is_text(struct strict_text t, bool blanks)
{
    for (size_t i = 0; i < t.length; i++) {
        unsigned char c = (unsigned char)t.bytes[i];
        bool blank = c == ' ' || c == '\t';
        if (blank ? !blanks : c < ' ' || c == 0x7f)
            return false;
    }
    return true;
}

static struct strict_text word(struct strict_text *rest)
{
    const char *blank = memchr(rest->bytes, ' ', rest->length);
    struct strict_text all = *rest;
    size_t length = blank ? (size_t)(blank - all.bytes) : all.length,
           skip = length + (blank != NULL);
    *rest = (struct strict_text){all.bytes + skip, all.length - skip};
    return (struct strict_text){all.bytes, length};
}

struct strict_text strict_trimmed(struct strict_text t)
{
    while (t.length > 0 && (*t.bytes == ' ' || *t.bytes == '\t'))
        t.bytes++, t.length--;
    while (t.length > 0 && (t.bytes[t.length - 1] == ' ' || t.bytes[t.length - 1] == '\t'))
        t.length--;
    return t;
}

/* Reads a number of up to 2^63 - 1, exactly. */
static bool read_decimal(struct strict_text t, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < t.length; i++) {
        uint64_t digit = (uint64_t)(t.bytes[i] - '0');
        if (!isdigit((unsigned char)t.bytes[i]) || *out > (INT64_MAX - digit) / 10)
            return false;
        *out = *out * 10 + digit;
    }
    return t.length > 0;
}

/* Whether the text has only letters, digits, %XX and the other bytes. */
static bool consists_of(struct strict_text t, const char *others)
{
    for (size_t i = 0; i < t.length; i++) {
        unsigned char c = (unsigned char)t.bytes[i];
        bool coded = c == '%' && t.length - i > 2 && isxdigit((unsigned char)t.bytes[i + 1]) &&
                     isxdigit((unsigned char)t.bytes[i + 2]);
        if (!coded && (c >= 0x80 || (!isalnum(c) && (c == 0 || !strchr(others, c)))))
            return false;
    }
    return true;
}

/* Whether the text is a host and perhaps a port. Of an address in brackets, only the bytes are
 * checked. */
static bool is_host(struct strict_text t)
{
    struct strict_text host = t;
    while (host.length > 0 && isdigit((unsigned char)host.bytes[host.length - 1]))
        host.length--;
    if (host.length > 0 && host.bytes[host.length - 1] == ':')
        host.length--;
    else
        host = t;
    if (host.length < 2 || *host.bytes != '[' || host.bytes[host.length - 1] != ']')
        return host.length > 0 && consists_of(host, "-._~!$&'()*+,;=");
    struct strict_text inner = {host.bytes + 1, host.length - 2};
    return memchr(inner.bytes, ':', inner.length) && consists_of(inner, ":-._~%");
}

/* Takes a field that does not change how the message is read. */
static void take_other_field(struct strict_text name, struct strict_text value,
                             struct strict_message *m)
{
    if (strict_is(name, "Content-Type")) {
        m->type = value;
        m->types++;
    } else if (strict_is(name, "X-Request-ID")) {
        m->id = value;
        m->ids++;
    } else if (strict_is(name, "Authorization")) {
        m->authorization = value;
        m->credentials++;
    } else if (strict_is(name, "X-API-Key")) {
        m->key = value;
        m->credentials++;
    }
}

static bool take_field(struct strict_text line, struct strict_message *m)
{
    const char *colon = memchr(line.bytes, ':', line.length);
    if (!colon)
        return false;
    struct strict_text name = {line.bytes, (size_t)(colon - line.bytes)};
    struct strict_text value =
        strict_trimmed((struct strict_text){colon + 1, line.length - name.length - 1});
    if (!is_token(name) || !is_text(value, true))
        return false;
    m->fields++;
    if (strict_is(name, "Host")) {
        m->hosts++;
        m->host = value;
        if (value.length > 0 && !is_host(value))
            return false;
    }
    m->disguised |= memchr(name.bytes, '_', name.length) != NULL;
    take_other_field(name, value, m);
    if (strict_is(name, "Connection"))
        m->closes |= strict_is(value, "close");
    if (strict_is(name, "Content-Length")) {
        bool again = m->sized;
        m->sized = true;
        return !again && read_decimal(value, &m->body_length);
    }
    if (strict_is(name, "Transfer-Encoding")) {
        bool again = m->chunked;
        m->chunked = true;
        return !again && strict_is(value, "chunked");
    }
    return true;
}

static enum strict read_fields(struct cursor *c, struct strict_message *m)
{
    struct strict_text line;
    bool fine = true;
    enum strict found;
    while ((found = next_line(c, &line)) == STRICT_WHOLE && line.length > 0)
        fine &= take_field(line, m);
    if (found != STRICT_WHOLE)
        return found;
    return fine && !(m->sized && m->chunked) ? STRICT_WHOLE : STRICT_WRONG;
}

static void add(struct strict_message *m, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        m->body_sum = m->body_sum * 1099511628211u + (unsigned char)bytes[i] + 1;
}

static enum strict read_sized(struct cursor *c, struct strict_message *m, uint64_t length)
{
    if (c->end - c->at < length)
        return STRICT_MORE;
    add(m, c->bytes + c->at, (size_t)length);
    c->at += (size_t)length;
    return STRICT_WHOLE;
}

static bool read_chunk_size(struct strict_text line, uint64_t *size)
{
    size_t i = 0;
    *size = 0;
    for (; i < line.length && isxdigit((unsigned char)line.bytes[i]); i++) {
        char c = (char)tolower((unsigned char)line.bytes[i]);
        if (*size >> 59)
            return false;
        *size = *size * 16 + (uint64_t)(isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10);
    }
    struct strict_text all = {line.bytes + i, line.length - i}, rest = strict_trimmed(all);
    return i > 0 &&
           (all.length == 0 || (rest.length > 0 && *rest.bytes == ';' && is_text(all, true)));
}

static enum strict read_trailer(struct cursor *c, struct strict_message *m)
{
    struct strict_text line;
    enum strict found;
    size_t start = c->at;
    bool fine = true;
    while ((found = next_line(c, &line)) == STRICT_WHOLE && line.length > 0)
        fine &= *line.bytes != ' ' && *line.bytes != '\t' && memchr(line.bytes, ':', line.length);
    m->trailer = c->at - start;
    return found == STRICT_WHOLE && !fine ? STRICT_WRONG : found;
}

static enum strict read_chunks(struct cursor *c, struct strict_message *m)
{
    struct strict_text line;
    enum strict found;
    uint64_t size;
    while ((found = next_line(c, &line)) == STRICT_WHOLE) {
        if (!read_chunk_size(line, &size))
            return STRICT_WRONG;
        if (line.length > m->longest_line)
            m->longest_line = line.length;
        if (size == 0)
            return read_trailer(c, m);
        m->body_length += size;
        if ((found = read_sized(c, m, size)) != STRICT_WHOLE)
            return found;
        if ((found = next_line(c, &line)) != STRICT_WHOLE)
            return found;
        if (line.length > 0)
            return STRICT_WRONG;
    }
    return found;
}

static enum strict read_message(struct cursor *c, bool bodiless, struct strict_message *m)
{
    enum strict found = read_fields(c, m);
    if (found != STRICT_WHOLE)
        return found;
    m->head = c->at;
    m->body = c->bytes + c->at;
    if (!bodiless)
        found = m->chunked ? read_chunks(c, m) : read_sized(c, m, m->body_length);
    m->length = c->at;
    return found;
}

enum strict strict_request(const char *bytes, size_t length, struct strict_message *out)
{
    struct cursor c = {bytes, 0, length};
    struct strict_text line;
    enum strict found;
    *out = (struct strict_message){.length = 0};
    do
        found = next_line(&c, &line);
    while (found == STRICT_WHOLE && line.length == 0);
    if (found != STRICT_WHOLE)
        return found;
    out->first = word(&line);
    out->second = word(&line);
    out->third = line;
    bool one = strict_is(out->third, "HTTP/1.1") && memcmp(out->third.bytes, "HTTP", 4) == 0;
    bool zero = strict_is(out->third, "HTTP/1.0") && memcmp(out->third.bytes, "HTTP", 4) == 0;
    bool fine = is_token(out->first) && out->second.length > 0 && is_text(out->second, false) &&
                (one || zero);
    found = read_message(&c, false, out);
    if (out->head == 0 && found != STRICT_WHOLE)
        return found; /* the head is judged when it is complete */
    return fine && !(zero && out->chunked) ? found : STRICT_WRONG;
}

enum strict strict_response(const char *bytes, size_t length, bool to_head,
                            struct strict_message *out)
{
    struct cursor c = {bytes, 0, length};
    struct strict_text line;
    *out = (struct strict_message){.length = 0};
    enum strict found = next_line(&c, &line);
    if (found != STRICT_WHOLE)
        return found;
    out->first = word(&line);
    out->second = word(&line);
    out->third = line;
    if (!strict_is(out->first, "HTTP/1.1") || out->second.length != 3)
        return STRICT_WRONG;
    bool informs = out->second.bytes[0] == '1';
    bool bodiless =
        to_head || informs || strict_is(out->second, "304") || strict_is(out->second, "204");
    found = read_message(&c, bodiless, out);
    bool framed = out->sized || out->chunked || bodiless;
    return found == STRICT_WHOLE && !framed ? STRICT_WRONG : found;
}
