/* strict_form.c - see strict_form.h. */
#include "tests/fuzz/strict_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 511, BOUNDARY_MOST = 70, HEAD_MOST = 4094 };

/* A parameter. Its value is without quotes, and cut after VALUE_MAX bytes. */
struct word {
    struct strict_text name;
    char value[VALUE_MAX + 1];
};

static struct strict_text after(struct strict_text t, size_t count)
{
    return (struct strict_text){t.bytes + count, t.length - count};
}

/* Returns how many bytes come before the first of `ends`. */
static size_t before(struct strict_text t, const char *ends)
{
    size_t n = 0;
    while (n < t.length && (t.bytes[n] == '\0' || !strchr(ends, t.bytes[n])))
        n++;
    return n;
}

/* --- type; name=value; name="value" ------------------------------------------------------------ */

/* Whether the text begins with this type. Moves past it. */
static bool take_type(struct strict_text *t, const char *type)
{
    *t = strict_trimmed(*t);
    size_t length = before(*t, "; \t");
    bool same = strict_is((struct strict_text){t->bytes, length}, type);
    *t = strict_trimmed(after(*t, length));
    return same && (t->length == 0 || *t->bytes == ';');
}

/* Takes a value up to `ends`. A backslash in quotes goes with a quote or a backslash behind it. */
static size_t take_value(struct strict_text t, const char *ends, bool quoted, struct word *w)
{
    size_t length = 0, at = 0;
    for (; at < t.length && !strchr(ends, t.bytes[at]); at++) {
        bool pair = quoted && t.bytes[at] == '\\' && at + 1 < t.length &&
                    (t.bytes[at + 1] == '"' || t.bytes[at + 1] == '\\');
        at += pair;
        if (length < VALUE_MAX)
            w->value[length++] = t.bytes[at];
    }
    w->value[length] = '\0';
    return at;
}

/* Takes the next parameter; STRICT_MORE if there is none. */
static enum strict take_word(struct strict_text *t, struct word *w)
{
    *t = strict_trimmed(*t);
    if (t->length > 0 && *t->bytes != ';')
        return STRICT_WRONG;
    while (t->length > 0 && strchr("; \t", *t->bytes))
        *t = after(*t, 1);
    if (t->length == 0)
        return STRICT_MORE;
    size_t length = before(*t, "=; \t\"");
    *w = (struct word){.name = {t->bytes, length}};
    *t = strict_trimmed(after(*t, length));
    if (length == 0 || t->length == 0 || *t->bytes != '=')
        return STRICT_WRONG;
    *t = strict_trimmed(after(*t, 1));
    bool quoted = t->length > 0 && *t->bytes == '"';
    *t = after(*t, quoted);
    length = take_value(*t, quoted ? "\"" : "; \t\"", quoted, w);
    bool whole = quoted ? length < t->length : length > 0;
    *t = after(*t, whole && quoted ? length + 1 : length);
    return whole ? STRICT_WHOLE : STRICT_WRONG;
}

bool strict_is_form(struct strict_text type)
{
    return take_type(&type, "multipart/form-data");
}

/* Finds the boundary, and puts two dashes before it. */
static bool take_boundary(struct strict_text type, char out[3 + BOUNDARY_MOST])
{
    static const char chars[] = "'()+_,-./:=? "; /* beside letters and digits */
    struct word w;
    enum strict found;
    bool named = false;
    if (!take_type(&type, "multipart/form-data"))
        return false;
    while ((found = take_word(&type, &w)) == STRICT_WHOLE) {
        if (!strict_is(w.name, "boundary"))
            continue;
        size_t length = strlen(w.value);
        if (named || length < 1 || length > BOUNDARY_MOST || w.value[length - 1] == ' ')
            return false;
        for (size_t i = 0; i < length; i++) {
            char c = w.value[i], low = (char)(c | 32);
            if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !strchr(chars, c))
                return false;
        }
        named = true;
        sprintf(out, "--%s", w.value);
    }
    return named && found == STRICT_MORE;
}

/* --- the head of a part ------------------------------------------------------------------------- */

/* Decodes every %XX but %00, or only those that browsers write into names of files. */
static void decode(char *text, bool all)
{
    char *to = text;
    while (*text) {
        char digits[3] = "", *end = digits;
        if (*text == '%' && text[1] && text[2])
            memcpy(digits, text + 1, 2);
        long byte = strspn(digits, "0123456789abcdefABCDEF") == 2 ? strtol(digits, &end, 16) : 0;
        bool taken = byte != 0 && (all || byte == '"' || byte == '\r' || byte == '\n');
        *to++ = taken ? (char)byte : *text;
        text += taken ? 3 : 1;
    }
    *to = '\0';
}

/* Takes the value of filename*, UTF-8'language'name. Returns NULL if it has another form. */
static char *extended_name(char *value)
{
    char *charset = strsep(&value, "'"), *language = value ? strsep(&value, "'") : NULL;
    struct strict_text given = {charset, strlen(charset)};
    if (!language || !value || !strict_is(given, "UTF-8"))
        return NULL;
    decode(value, true);
    return *value ? value : NULL;
}

/* Takes the value of a Content-Disposition. A filename* goes before a filename. */
static bool take_disposition(struct strict_text value, struct strict_part *part)
{
    struct word w;
    enum strict found;
    bool named = false, extended = false;
    if (!take_type(&value, "form-data"))
        return false;
    while ((found = take_word(&value, &w)) == STRICT_WHOLE) {
        char *name = strict_is(w.name, "filename*") ? extended_name(w.value) : NULL;
        if (strict_is(w.name, "name")) {
            if (named)
                return false;
            named = true;
            snprintf(part->name, sizeof part->name, "%.63s", strlen(w.value) > 63 ? "" : w.value);
        } else if (name || (strict_is(w.name, "filename") && !extended)) {
            if (!name)
                decode(w.value, false);
            snprintf(part->file_name, sizeof part->file_name, "%.127s", name ? name : w.value);
            extended |= name != NULL;
        }
    }
    return found == STRICT_MORE;
}

static bool take_line(struct strict_text line, struct strict_part *part, int *dispositions)
{
    size_t length = before(line, ":");
    if (length == 0 || length == line.length)
        return false;
    struct strict_text name = {line.bytes, length}, value = strict_trimmed(after(line, length + 1));
    if (strict_is(name, "Content-Disposition"))
        return (*dispositions)++ == 0 && take_disposition(value, part);
    if (strict_is(name, "Content-Transfer-Encoding"))
        snprintf(part->encoding, sizeof part->encoding, "%.*s", (int)before(value, " \t"),
                 value.bytes);
    return true;
}

/* Takes the lines of a head, each with its CR LF. A blank at the start of a line but the first
 * continues the line before. */
static bool take_head(struct strict_text head, struct strict_part *part)
{
    char lines[HEAD_MOST + 1];
    size_t length = 0, start = 0;
    int dispositions = 0;
    bool fine = head.length <= HEAD_MOST && !memchr(head.bytes, '\0', head.length);
    for (size_t i = 0; fine && i < head.length; i++) {
        char c = head.bytes[i];
        fine = (c == '\n') == (i > 0 && head.bytes[i - 1] == '\r');
        if (c != '\r' && c != '\n')
            lines[length++] = c;
        bool last = i + 1 == head.length;
        if (c != '\n' || !fine || (!last && strchr(" \t", head.bytes[i + 1])))
            continue;
        fine = take_line((struct strict_text){lines + start, length - start}, part, &dispositions);
        start = length;
    }
    return fine;
}

/* --- the form ----------------------------------------------------------------------------------- */

/* Returns the place of the next line that begins with the boundary, which may be the first one of
 * the body; NULL if there is none. *ahead is what stands before it, without the line's end. */
static const char *find_boundary(struct strict_text body, const char *from, const char *boundary,
                                 struct strict_text *ahead)
{
    size_t length = strlen(boundary);
    const char *end = body.bytes + body.length;
    for (const char *at = from; (at = memmem(at, (size_t)(end - at), boundary, length)); at++) {
        bool first = at == body.bytes, line = at - from >= 2 && at[-2] == '\r' && at[-1] == '\n';
        if (!first && !line)
            continue;
        *ahead = (struct strict_text){from, first ? 0 : (size_t)(at - 2 - from)};
        return at + length;
    }
    return NULL;
}

bool strict_form(struct strict_text type, struct strict_text body,
                 void (*each)(void *arg, const struct strict_part *part), void *arg)
{
    char boundary[3 + BOUNDARY_MOST];
    struct strict_text ahead;
    if (!take_boundary(type, boundary))
        return false;
    const char *end = body.bytes + body.length,
               *at = find_boundary(body, body.bytes, boundary, &ahead);
    while (at && (end - at < 2 || memcmp(at, "--", 2) != 0)) {
        struct strict_part part = {.data = {NULL, 0}};
        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
        if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
            return false;
        /* the empty line may be the first one, so the search begins at the line's end before it */
        const char *stop = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
        if (!stop || !take_head((struct strict_text){at + 2, (size_t)(stop - at)}, &part))
            return false;
        /* the end of the empty line may be that of the line before the boundary */
        at = find_boundary(body, stop + 2, boundary, &part.data);
        if (part.data.length >= 2)
            part.data = after(part.data, 2);
        each(arg, &part);
    }
    return at != NULL;
}
