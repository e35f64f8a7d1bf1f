/* cors.c - see cors.h. */
#include "server/answer/cors.h"

#include <string.h>
#include <strings.h>

#include "server/base/list.h"

static bool has_origin(const char *list, const char *origin)
{
    struct list_item item;
    while (list_next(&list, ", ", &item))
        if (item.length == strlen(origin) && strncasecmp(item.start, origin, item.length) == 0)
            return true;
    return false;
}

/* Whether a browser could send this: `null`, or a scheme, a host and perhaps a port. */
static bool is_origin(const struct list_item *item)
{
    const char *host = memchr(item->start, ':', item->length), *end = item->start + item->length;
    if (list_item_is(item, "null"))
        return true;
    if (!host || host == item->start || end - host < 4 || strncmp(host, "://", 3) != 0)
        return false;
    return !memchr(host + 3, '/', (size_t)(end - host - 3));
}

enum err_code cors_check(const char *allowed, struct err *e)
{
    struct list_item item;
    if (!allowed || strcmp(allowed, "*") == 0)
        return ERR_OK;
    while (list_next(&allowed, ", ", &item))
        if (!is_origin(&item))
            return err_set(e, ERR_BAD_PARAMETER,
                           "cors-origin: %.*s is no origin; one is https://HOST or "
                           "https://HOST:PORT, without a path and without a slash at the end",
                           item.length < 80 ? (int)item.length : 80, item.start);
    return ERR_OK;
}

static bool allows(const char *allowed, const char *origin)
{
    return allowed && origin && (strcmp(allowed, "*") == 0 || has_origin(allowed, origin));
}

static void name_origin(struct reply *r, const char *allowed, const char *origin)
{
    reply_header(r, "Access-Control-Allow-Origin", "%s", strcmp(allowed, "*") == 0 ? "*" : origin);
}

void cors_apply(struct reply *r, const char *allowed, const char *origin)
{
    if (allowed && strcmp(allowed, "*") != 0)
        reply_header(r, "Vary", "Origin"); /* caches need it for any origin */
    if (!allows(allowed, origin))
        return;
    name_origin(r, allowed, origin);
    reply_header(r, "Access-Control-Expose-Headers",
                 "Content-Disposition, ETag, Retry-After, Server-Timing, X-Request-ID, "
                 "X-Upscaled-Model, X-Upscaled-Warning");
}

void cors_preflight(struct reply *r, const char *allowed, const char *origin, const char *methods)
{
    if (!allows(allowed, origin))
        return;
    reply_header(r, "Access-Control-Allow-Methods", "%s", methods);
    reply_header(r, "Access-Control-Allow-Headers",
                 "Authorization, Content-Type, If-None-Match, X-API-Key, X-Request-ID");
    reply_header(r, "Access-Control-Max-Age", "600");
}
