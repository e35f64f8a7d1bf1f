/* params.c - see params.h. */
#include "server/base/params.h"

#include <string.h>
#include <strings.h>

static const char blanks[] = " \t";

static void skip_blanks(const char **at)
{
    *at += strspn(*at, blanks);
}

bool params_begin(const char **at, const char *type)
{
    skip_blanks(at);
    size_t length = strcspn(*at, "; \t"), wanted = strlen(type);
    bool same = length == wanted && strncasecmp(*at, type, length) == 0;
    *at += length;
    skip_blanks(at);
    return same && (**at == ';' || **at == '\0');
}

static void put(char *out, size_t *length, size_t most, char c, bool *cut)
{
    if (*length < most)
        out[(*length)++] = c;
    else
        *cut = true;
    out[*length] = '\0';
}

static bool read_quoted(const char **at, struct param *out)
{
    size_t length = 0;
    const char *p = *at + 1;
    out->value[0] = '\0';
    for (; *p && *p != '"'; p++) {
        if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        put(out->value, &length, PARAM_VALUE_MAX, *p, &out->cut);
    }
    *at = *p ? p + 1 : p;
    return *p == '"';
}

static bool read_token(const char **at, struct param *out)
{
    size_t length = 0;
    out->value[0] = '\0';
    for (; **at && !strchr("; \t\"", **at); ++*at)
        put(out->value, &length, PARAM_VALUE_MAX, **at, &out->cut);
    return length > 0;
}

static bool read_name(const char **at, struct param *out)
{
    size_t length = 0;
    out->name[0] = '\0';
    for (; **at && !strchr("=; \t\"", **at); ++*at)
        put(out->name, &length, PARAM_NAME_MAX, **at, &out->cut);
    skip_blanks(at);
    if (length == 0 || **at != '=')
        return false;
    ++*at;
    skip_blanks(at);
    return true;
}

enum params params_next(const char **at, struct param *out)
{
    out->cut = false;
    skip_blanks(at);
    if (**at && **at != ';')
        return PARAMS_BAD;
    *at += strspn(*at, "; \t");
    if (**at == '\0')
        return PARAMS_END;
    if (!read_name(at, out))
        return PARAMS_BAD;
    return (**at == '"' ? read_quoted(at, out) : read_token(at, out)) ? PARAMS_ONE : PARAMS_BAD;
}
