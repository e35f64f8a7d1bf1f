/* etag.c - see etag.h. */
#include "server/answer/etag.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/sha256.h"

enum { TAG_DIGITS = 32, TAG_BYTES = TAG_DIGITS + 3 }; /* with quotes and NUL */

static void make_tag(const struct reply *r, char tag[TAG_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];
    sha256_hex(r->body, r->length, hex);
    snprintf(tag, TAG_BYTES, "\"%.*s\"", TAG_DIGITS, hex);
}

/* Whether the list has the tag; weak ones count too (RFC 9110, section 13.1.2). */
static bool names(const char *list, const char *tag)
{
    size_t length = strlen(tag);
    while (*list) {
        list += strspn(list, " \t,");
        if (*list == '*')
            return true;
        if (strncmp(list, "W/", 2) == 0)
            list += 2;
        if (strncmp(list, tag, length) == 0)
            return true;
        if (*list == '"')
            list += 1 + strcspn(list + 1, "\"");
        list += strcspn(list, ",");
    }
    return false;
}

void etag_apply(struct reply *r, const char *if_none_match)
{
    char tag[TAG_BYTES];
    if (r->status != 200)
        return;
    make_tag(r, tag);
    reply_header(r, "ETag", "%s", tag);
    reply_header(r, "Cache-Control", "no-cache"); /* keep it, but ask each time */
    if (if_none_match && names(if_none_match, tag))
        r->status = 304;
}
