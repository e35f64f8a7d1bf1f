/* request_head.c - see request_head.h. */
#include "server/http/request_head.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "server/http/authority.h"

static const char blanks[] = " \t";

static bool is_named(const struct http_field *f, const char *name)
{
    return f->name_length == strlen(name) && strncasecmp(f->name, name, f->name_length) == 0;
}

/* Whether the server or the HTTP library reads header lines of this name. Others are judged, and
 * then left out. */
static bool is_read(const struct http_field *f)
{
    static const char *const names[] = {
        "Host",         "Connection",      "Content-Length",   "Transfer-Encoding",
        "Expect",       "Content-Type",    "Content-Encoding", "Content-Range",
        "Accept",       "If-None-Match",   "Authorization",    "X-API-Key",
        "X-Request-ID", "X-Forwarded-For", "Origin",           "Access-Control-Request-Method",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_named(f, names[i]))
            return true;
    return false;
}

/* Splits the request line: METHOD SP TARGET SP VERSION. */
static enum err_code split_first_line(char *line, struct request_head *h, struct err *e)
{
    char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
    h->method = line;
    if (target)
        *target++ = '\0';
    if (target)
        h->target = target;
    if (version)
        *version++ = '\0';
    if (version)
        h->version = version;
    if (!version || *line == '\0' || *target == '\0' || strpbrk(version, blanks))
        return err_set(e, ERR_BAD_REQUEST,
                       "the request line is not a method, a target and a version");
    for (; *target; target++)
        if ((unsigned char)*target < 0x20 || *target == 0x7f)
            return err_set(e, ERR_BAD_REQUEST, "the target contains control characters");
    return ERR_OK;
}

static enum err_code split_field(char *line, size_t length, struct request_head *h, struct err *e)
{
    char *colon = memchr(line, ':', length);
    if (*line == ' ' || *line == '\t')
        return err_set(e, ERR_BAD_REQUEST, "a header line is folded");
    if (!colon)
        return err_set(e, ERR_BAD_REQUEST, "a header line has no colon");
    char *value = colon + 1, *end = line + length;
    value += strspn(value, blanks);
    while (end > value && strchr(blanks, end[-1]))
        end--;
    *end = '\0';
    const struct http_field f = {line, value, (size_t)(colon - line), (size_t)(end - value)};
    if (is_named(&f, "Cookie"))
        return http_filter_field(&f, e);
    if (h->field_count == HEAD_FIELDS_MAX)
        return err_set(e, ERR_HEAD_TOO_LARGE, "the request has more than %d header lines",
                       HEAD_FIELDS_MAX);
    h->fields[h->field_count++] = f;
    if (is_named(&f, "X-Request-ID"))
        h->id = value;
    if (is_named(&f, "Origin"))
        h->origin = value;
    return ERR_OK;
}

/* Splits the head into strings. A NUL replaces the CR of each line end. */
static enum err_code split(char *bytes, size_t length, struct request_head *h, struct err *e)
{
    enum err_code rc = ERR_OK;
    bool first = true;
    char *end = bytes + length;
    for (char *line = bytes, *next; rc == ERR_OK && line < end && *line != '\r'; line = next) {
        char *stop = memchr(line, '\r', (size_t)(end - line));
        *stop = '\0';
        next = stop + 2;
        rc = first ? split_first_line(line, h, e) : split_field(line, (size_t)(stop - line), h, e);
        first = false;
    }
    return rc;
}

/* Returns what follows http:// or https://, or NULL if the target begins with neither. */
static const char *skip_scheme(const char *target)
{
    const char *colon = strstr(target, "://");
    size_t length = colon ? (size_t)(colon - target) : 0;
    bool known = (length == 4 && strncasecmp(target, "http", length) == 0) ||
                 (length == 5 && strncasecmp(target, "https", length) == 0);
    return known ? colon + 3 : NULL;
}

/* Removes the authority from a target in absolute form (RFC 9112, section 3.2.2). */
static enum err_code split_target(struct request_head *h, struct err *e)
{
    const char *authority = skip_scheme(h->target);
    if (!authority)
        return ERR_OK;
    size_t length = strcspn(authority, "/?#");
    if (length > AUTHORITY_MAX || !authority_is_valid(authority, length))
        return err_set(e, ERR_BAD_REQUEST,
                       "the target names no host, or what is no host and port, or too long ones");
    memcpy(h->authority, authority, length);
    h->authority[length] = '\0';
    h->target = authority + length;
    return ERR_OK;
}

/* Limits the number of parameters, because many of them would use up the library's memory for the
 * connection. */
static enum err_code count_arguments(const char *target, struct err *e)
{
    int count = 1;
    for (; *target; target++)
        count += *target == '&';
    if (count > HEAD_ARGUMENTS_MAX)
        return err_set(e, ERR_BAD_REQUEST, "the query has more than %d parameters",
                       HEAD_ARGUMENTS_MAX);
    return ERR_OK;
}

/* Limits the header lines that are written, because the library's memory for a connection holds
 * so many. */
static enum err_code count_read(const struct request_head *h, struct err *e)
{
    size_t count = 0;
    for (size_t i = 0; i < h->field_count; i++)
        count += is_read(&h->fields[i]);
    if (count > HEAD_READ_MAX)
        return err_set(e, ERR_HEAD_TOO_LARGE,
                       "the request has more than %d header lines that the server reads",
                       HEAD_READ_MAX);
    return ERR_OK;
}

/* Returns the target for http_filter. A target in absolute form without a path has the path "/". */
static const char *path_of(const struct request_head *h)
{
    return h->authority[0] && *h->target != '/' ? "/" : h->target;
}

enum err_code request_head_read(char *bytes, size_t length, struct request_head *out,
                                struct http_framing *framing, struct err *e)
{
    out->method = out->target = out->version = "";
    out->id = out->origin = NULL;
    out->authority[0] = '\0';
    out->field_count = 0;
    enum err_code rc = split(bytes, length, out, e);
    if (rc == ERR_OK)
        rc = split_target(out, e);
    if (rc == ERR_OK)
        rc = count_arguments(out->target, e);
    if (rc == ERR_OK)
        rc = count_read(out, e);
    if (rc != ERR_OK)
        return rc;
    const struct http_head head = {out->method, out->version, path_of(out), out->fields,
                                   out->field_count};
    return http_filter(&head, framing, e);
}

static char *put(char *out, const char *from, size_t length)
{
    memmove(out, from, length);
    return out + length;
}

/* The written head is never longer than what has been read of the old one, so it never overwrites
 * bytes that are still to be read. An authority that makes Host longer was removed from the first
 * line. */
size_t request_head_write(const struct request_head *h, const struct http_framing *framing,
                          char *bytes)
{
    char *out = put(bytes, h->method, strlen(h->method));
    const char *target = h->target;
    *out++ = ' ';
    if (h->authority[0] && *target != '/')
        *out++ = '/';
    out = put(out, target, strlen(target));
    *out++ = ' ';
    out = put(out, h->version, strlen(h->version));
    out = put(out, "\r\n", 2);
    for (size_t i = 0; i < h->field_count; i++) {
        const struct http_field *f = &h->fields[i];
        bool replaced = h->authority[0] && is_named(f, "Host");
        if (!is_read(f) || (!http_has_body(framing) && is_named(f, "Expect")))
            continue;
        out = put(out, f->name, f->name_length);
        *out++ = ':';
        out = replaced ? put(out, h->authority, strlen(h->authority))
                       : put(out, f->value, f->value_length);
        out = put(out, "\r\n", 2);
    }
    return (size_t)(put(out, "\r\n", 2) - bytes);
}
