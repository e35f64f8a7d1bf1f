/* http_filter.c - see http_filter.h. */
#include "server/http/http_filter.h"

#include <string.h>
#include <strings.h>

/* RFC 9110, section 5.6.2. */
static bool is_token_byte(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(const char *s, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_token_byte(s[i]))
            return false;
    return length > 0;
}

static bool is_clean_value(const struct http_field *f)
{
    for (size_t i = 0; i < f->value_length; i++) {
        unsigned char c = (unsigned char)f->value[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_named(const struct http_field *f, const char *name)
{
    return f->name_length == strlen(name) && strncasecmp(f->name, name, f->name_length) == 0;
}

static bool is_valued(const struct http_field *f, const char *value)
{
    return f->value_length == strlen(value) && strncasecmp(f->value, value, f->value_length) == 0;
}

/* Digits only: strtoull would take a sign, blanks, and more bits than there are. */
static bool read_length(const struct http_field *f, uint64_t *out)
{
    uint64_t n = 0;
    for (size_t i = 0; i < f->value_length; i++) {
        if (f->value[i] < '0' || f->value[i] > '9')
            return false;
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, (uint64_t)(f->value[i] - '0'), &n))
            return false;
    }
    *out = n;
    return f->value_length > 0;
}

/* Content_Length and Transfer_Encoding are names of their own, which gateways to other protocols
 * take for the real ones. */
static bool is_disguised(const struct http_field *f)
{
    static const char *const names[] = {"Content_Length", "Transfer_Encoding"};
    return is_named(f, names[0]) || is_named(f, names[1]);
}

struct counts {
    int host, length, encoding;
};

static enum err_code look_at(const struct http_field *f, const struct http_head *head,
                             struct counts *n, struct http_framing *framing, struct err *e)
{
    if (!is_token(f->name, f->name_length))
        return err_set(e, ERR_BAD_REQUEST, "a header's name is not a token");
    if (is_disguised(f))
        return err_set(e, ERR_BAD_REQUEST, "a header's name looks like another's");
    if (!is_clean_value(f))
        return err_set(e, ERR_BAD_REQUEST, "the value of header %.*s has control characters",
                       (int)(f->name_length < 64 ? f->name_length : 64), f->name);
    if (is_named(f, "Host"))
        n->host++;
    if (is_named(f, "Content-Length")) {
        n->length++;
        framing->sized = true;
        if (!read_length(f, &framing->length))
            return err_set(e, ERR_BAD_REQUEST, "Content-Length is not a whole number");
    }
    if (is_named(f, "Transfer-Encoding")) {
        n->encoding++;
        framing->chunked = true;
        if (!is_valued(f, "chunked"))
            return err_set(e, ERR_BAD_REQUEST, "Transfer-Encoding may only be chunked");
        if (strcmp(head->version, "HTTP/1.1") != 0)
            return err_set(e, ERR_BAD_REQUEST, "Transfer-Encoding needs HTTP/1.1");
    }
    return ERR_OK;
}

enum err_code http_filter(const struct http_head *head, struct http_framing *out, struct err *e)
{
    struct counts n = {0, 0, 0};
    struct http_framing framing = {false, false, 0};
    enum err_code rc;

    if (strcmp(head->version, "HTTP/1.1") != 0 && strcmp(head->version, "HTTP/1.0") != 0)
        return err_set(e, ERR_BAD_REQUEST, "the version is neither HTTP/1.1 nor HTTP/1.0");
    if (!is_token(head->method, strlen(head->method)))
        return err_set(e, ERR_BAD_REQUEST, "the method is not a token");
    if (head->target[0] != '/')
        return err_set(e, ERR_BAD_REQUEST, "the target does not start with a slash");
    for (size_t i = 0; i < head->field_count; i++)
        if ((rc = look_at(&head->fields[i], head, &n, &framing, e)) != ERR_OK)
            return rc;

    if (n.length > 1)
        return err_set(e, ERR_BAD_REQUEST, "Content-Length is given %d times", n.length);
    if (n.encoding > 1)
        return err_set(e, ERR_BAD_REQUEST, "Transfer-Encoding is given %d times", n.encoding);
    if (n.length > 0 && n.encoding > 0)
        return err_set(e, ERR_BAD_REQUEST, "both Content-Length and Transfer-Encoding are given");
    if (strcmp(head->version, "HTTP/1.1") == 0 ? n.host != 1 : n.host > 1)
        return err_set(e, ERR_BAD_REQUEST, "Host is given %d times", n.host);
    if ((framing.chunked || framing.length > 0) && strcmp(head->method, "POST") != 0 &&
        strcmp(head->method, "PUT") != 0)
        return err_set(e, ERR_BAD_REQUEST, "%.16s requests take no body", head->method);
    *out = framing;
    return ERR_OK;
}

enum { LINE_END = 2, HEAD_END = 4 };

static bool are_zero(const char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != '\0')
            return false;
    return true;
}

/* The strings may lie anywhere, so that only the numbers can be compared. */
static bool is_at(const char *there, const char *from, size_t distance)
{
    return (uintptr_t)there == (uintptr_t)from + distance;
}

/* Name, colon, blanks, value. */
static bool is_one_line(const struct http_field *f)
{
    const char *at = f->name + f->name_length + 1;
    while (*at == ' ' || *at == '\t')
        at++;
    return is_at(f->value, at, 0);
}

enum err_code http_filter_layout(const struct http_head *head, struct err *e)
{
    const char *end = head->version + strlen(head->version);
    for (size_t i = 0; i < head->field_count; i++) {
        const struct http_field *f = &head->fields[i];
        if (!is_at(f->name, end, LINE_END) || !are_zero(end, LINE_END) || !is_one_line(f))
            return err_set(e, ERR_BAD_REQUEST,
                           "header line %zu does not end in CR and LF, or is "
                           "folded, or has NUL bytes",
                           i);
        end = f->value + f->value_length;
    }
    if (!is_at(head->method + head->bytes, end, HEAD_END) || !are_zero(end, HEAD_END))
        return err_set(e, ERR_BAD_REQUEST,
                       "the last header line does not end in CR and LF, or has NUL bytes");
    return ERR_OK;
}
