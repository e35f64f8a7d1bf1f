/* etag.c - see etag.h. */
#include "server/answer/etag.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/sha256.h"
#include "server/base/list.h"

enum { TAG_DIGITS = 32, TAG_BYTES = TAG_DIGITS + 3 }; /* with quotes and the final NUL */

static void make_tag(const struct reply *r, char tag[TAG_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];
    sha256_hex(r->body, r->length, hex);
    snprintf(tag, TAG_BYTES, "\"%.*s\"", TAG_DIGITS, hex);
}

/* Whether the list names the tag. Weak tags match too (RFC 9110, section 13.1.2). */
static bool names(const char *list, const char *tag)
{
    struct list_item item;
    while (list_next(&list, ",", &item)) {
        if (item.length > 2 && strncmp(item.start, "W/", 2) == 0) {
            item.start += 2;
            item.length -= 2;
        }
        if (list_item_is(&item, "*") || list_item_is(&item, tag))
            return true;
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
    reply_header(r, "Cache-Control",
                 "no-cache"); /* caches may store the reply, but must validate it each time */
    if (if_none_match && names(if_none_match, tag))
        r->status = 304;
}
