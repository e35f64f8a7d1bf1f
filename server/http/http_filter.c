/* http_filter.c - see http_filter.h. */
#include "server/http/http_filter.h"

#include <string.h>
#include <strings.h>

#include "server/http/authority.h"

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

/* Reads a number below 2^63 that consists only of digits. strtoull would also accept signs, blanks
 * and larger numbers. */
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
    return f->value_length > 0 && n <= INT64_MAX;
}

/* Content_Length and Transfer_Encoding are valid names, but gateways to other protocols mistake
 * them for Content-Length and Transfer-Encoding. */
static bool is_disguised(const struct http_field *f)
{
    static const char *const names[] = {"Content_Length", "Transfer_Encoding"};
    return is_named(f, names[0]) || is_named(f, names[1]);
}

struct counts {
    int host, length, encoding;
};

enum err_code http_filter_field(const struct http_field *f, struct err *e)
{
    if (!is_token(f->name, f->name_length))
        return err_set(e, ERR_BAD_REQUEST, "the name of a header is not a token");
    if (is_disguised(f))
        return err_set(e, ERR_BAD_REQUEST,
                       "the name of a header resembles Content-Length or Transfer-Encoding");
    if (!is_clean_value(f))
        return err_set(e, ERR_BAD_REQUEST, "the value of header %.*s contains control characters",
                       (int)(f->name_length < 64 ? f->name_length : 64), f->name);
    return ERR_OK;
}

static enum err_code look_at(const struct http_field *f, const struct http_head *head,
                             struct counts *n, struct http_framing *framing, struct err *e)
{
    enum err_code rc = http_filter_field(f, e);
    if (rc != ERR_OK)
        return rc;
    if (is_named(f, "Host")) {
        n->host++;
        if (f->value_length > 0 && !authority_is_valid(f->value, f->value_length))
            return err_set(e, ERR_BAD_REQUEST, "Host is not a host, or a host and a port");
    }
    if (is_named(f, "Content-Length")) {
        n->length++;
        framing->sized = true;
        if (!read_length(f, &framing->length))
            return err_set(e, ERR_BAD_REQUEST, "Content-Length is not one whole number");
    }
    if (is_named(f, "Transfer-Encoding")) {
        n->encoding++;
        framing->chunked = true;
        if (!is_valued(f, "chunked"))
            return err_set(e, ERR_BAD_REQUEST, "Transfer-Encoding must be chunked");
        if (strcmp(head->version, "HTTP/1.1") != 0)
            return err_set(e, ERR_BAD_REQUEST, "Transfer-Encoding needs HTTP/1.1");
    }
    return ERR_OK;
}

/* RFC 9112, section 2.3. */
static bool is_version(const char *text)
{
    static const char digits[] = "0123456789";
    return strncmp(text, "HTTP/", 5) == 0 && text[5] && strchr(digits, text[5]) && text[6] == '.' &&
           text[7] && strchr(digits, text[7]) && text[8] == '\0';
}

/* Libraries decode paths to strings, which would end there, or refuse them in words of their own. */
static bool has_zero_byte(const char *target)
{
    const char *zero = strstr(target, "%00"), *query = strchr(target, '?');
    return zero && (!query || zero < query);
}

static enum err_code look_at_first_line(const struct http_head *head, struct err *e)
{
    bool star = strcmp(head->target, "*") == 0 && strcmp(head->method, "OPTIONS") == 0;
    if (!is_version(head->version))
        return err_set(e, ERR_BAD_REQUEST, "the request line does not end in a version of HTTP");
    if (strcmp(head->version, "HTTP/1.1") != 0 && strcmp(head->version, "HTTP/1.0") != 0)
        return err_set(e, ERR_HTTP_VERSION, "the version is %s, not HTTP/1.1 or HTTP/1.0",
                       head->version);
    if (!is_token(head->method, strlen(head->method)))
        return err_set(e, ERR_BAD_REQUEST, "the method is not a token");
    if (head->target[0] != '/' && !star)
        return err_set(e, ERR_BAD_REQUEST, "the target does not start with a slash");
    if (has_zero_byte(head->target))
        return err_set(e, ERR_BAD_REQUEST, "the path contains a zero byte");
    return ERR_OK;
}

enum err_code http_filter(const struct http_head *head, struct http_framing *out, struct err *e)
{
    struct counts n = {0, 0, 0};
    struct http_framing framing = {false, false, 0};
    enum err_code rc;

    if ((rc = look_at_first_line(head, e)) != ERR_OK)
        return rc;
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
    if (http_has_body(&framing) && strcmp(head->method, "POST") != 0 &&
        strcmp(head->method, "PUT") != 0)
        return err_set(e, ERR_BAD_REQUEST, "%.16s requests take no body", head->method);
    *out = framing;
    return ERR_OK;
}
