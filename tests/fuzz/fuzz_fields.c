/* fuzz_fields.c - header fields and the headers of answers that depend on them: parameters of a
 * field (params.h), the name of a file (disposition.h), an origin (cors.h). The first line is the
 * list of allowed origins, the rest is the field.
 *
 * Claims: each header is one line without control characters. The name of the file is one quoted
 * string, and its second form is plain and percent-encoded. Parameters that are written again are
 * read the same. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "server/answer/cors.h"
#include "server/answer/disposition.h"
#include "server/base/params.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 100000;

static const char *value_of(const struct reply *r, const char *name)
{
    for (int i = 0; i < r->header_count; i++)
        if (strcmp(r->headers[i].name, name) == 0)
            return reply_header_value(&r->headers[i]);
    return NULL;
}

/* Moves past one of the parts of a Content-Disposition that the daemon writes. */
static const char *skip(const char *at, const char *part)
{
    must(strncmp(at, part, strlen(part)) == 0);
    return at + strlen(part);
}

static void check_disposition(const char *field)
{
    struct reply r;
    reply_init(&r);
    disposition_apply(&r, field, 2.5);
    const char *at = value_of(&r, "Content-Disposition");
    must(at != NULL);
    at = skip(at, "inline; filename=\"");
    size_t length = strcspn(at, "\"");
    must(length > 9 && memcmp(at + length - 9, "-2.5x.png", 9) == 0);
    for (size_t i = 0; i < length; i++)
        must(at[i] >= ' ' && at[i] <= '~' && !strchr("\\/\"", at[i]));
    must(*at != '.' && *at != ' ');
    at = skip(at + length, "\"");
    if (*at) {
        at = skip(at, "; filename*=UTF-8''");
        size_t encoded = 0;
        for (; *at == '%'; at += 3, encoded++)
            must(isxdigit((unsigned char)at[1]) && isxdigit((unsigned char)at[2]));
        must(encoded > 0 && strcmp(at, "-2.5x.png") == 0);
    }
    reply_done(&r);
}

static void check_cors(const char *allowed, const char *origin)
{
    struct reply r;
    reply_init(&r);
    cors_apply(&r, allowed, origin);
    const char *given = value_of(&r, "Access-Control-Allow-Origin");
    bool all = strcmp(allowed, "*") == 0;
    must(!given || strcmp(given, all ? "*" : origin) == 0 || strlen(origin) >= REPLY_VALUE_MAX);
    must(!given || all || strcasestr(allowed, origin));
    must(all || value_of(&r, "Vary"));
    reply_done(&r);
}

/* Quotes a value. A backslash in quotes stands for itself, except before a quote or another
 * backslash. */
static void quote(const char *value, char *out)
{
    for (; *value; value++) {
        if (strchr("\"\\", *value))
            *out++ = '\\';
        *out++ = *value;
    }
    *out = '\0';
}

static void check_params(const char *field)
{
    struct param p, again;
    params_begin(&field, "form-data");
    while (params_next(&field, &p) == PARAMS_ONE) {
        char value[2 * PARAM_VALUE_MAX + 1], text[sizeof value + PARAM_NAME_MAX + 8];
        const char *at = text;
        must(strlen(p.name) > 0 && strlen(p.name) <= PARAM_NAME_MAX &&
             strlen(p.value) <= PARAM_VALUE_MAX);
        must(!p.cut || strlen(p.name) == PARAM_NAME_MAX || strlen(p.value) == PARAM_VALUE_MAX);
        quote(p.value, value);
        snprintf(text, sizeof text, "; %s=\"%s\"", p.name, value);
        must(params_next(&at, &again) == PARAMS_ONE && *at == '\0' && !again.cut);
        must(strcmp(again.name, p.name) == 0 && strcmp(again.value, p.value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_text(data, size), *field = text;
    const char *allowed = input_line(&field);
    check_disposition(field);
    check_cors(allowed, field);
    check_params(field);
    free(text);
    return 0;
}
