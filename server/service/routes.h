/* routes.h - the table of addresses: the methods, path and handler of each. */
#ifndef UPSCALED_SERVER_SERVICE_ROUTES_H
#define UPSCALED_SERVER_SERVICE_ROUTES_H

#include <stdbool.h>

#include "server/answer/reply.h"
#include "server/service/service.h"

/* Fills the reply. It runs on an event thread, so it does no pixel work and never waits. `argument`
 * is the part of the path that matched {name} in the pattern, or "". */
typedef void route_answer(struct service *s, const char *argument, struct reply *r);

enum {
    ROUTE_TAGGED = 1,    /* the answer changes rarely, and has an ETag */
    ROUTE_OPEN = 2,      /* needs no key, even if --api-keys is in use */
    ROUTE_ADMIN = 4,     /* needs an admin's key */
    ROUTE_RELOAD = 8,    /* `answer` is NULL: reads models and keys again */
    ROUTE_PROGRESS = 16, /* `answer` is NULL: shows or cancels another request */
    ROUTE_ESTIMATE = 32, /* `answer` is NULL: estimates what a picture would need */
};

struct route {
    const char *methods;  /* as in the Allow header */
    const char *pattern;  /* a path; a final {name} matches one or more bytes other than '/' */
    route_answer *answer; /* NULL, without a flag that says otherwise: enlarges a picture */
    int flags;            /* ROUTE_* */
};

/* Finds the route of a path and method. ERR_NO_ROUTE, or ERR_METHOD if the path has other methods;
 * *out is then the route of the path, and the sentence lists its methods. *argument points into
 * `path`. */
enum err_code route_find(const char *path, const char *method, const struct route **out,
                         const char **argument, struct err *e);

/* Returns the route with this number, for tests; NULL after the last. */
const struct route *route_at(int index);

#endif
