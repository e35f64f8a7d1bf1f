/* cors.c - see cors.h. */
#include "server/answer/cors.h"

#include <string.h>
#include <strings.h>

static bool has_origin(const char *list, const char *origin)
{
    size_t length = strlen(origin);
    while (*list) {
        list += strspn(list, ", ");
        size_t word = strcspn(list, ", ");
        if (word == length && length > 0 && strncasecmp(list, origin, length) == 0)
            return true;
        list += word;
    }
    return false;
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
        reply_header(r, "Vary", "Origin"); /* for caches, also where this one is not allowed */
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
