/* routes.h - every address, stated once: its methods, path and handler. */
#ifndef UPSCALED_SERVER_SERVICE_ROUTES_H
#define UPSCALED_SERVER_SERVICE_ROUTES_H

#include <stdbool.h>

#include "server/answer/reply.h"
#include "server/service/service.h"

/* Fills the reply. It runs on an event thread: it does no pixel work and never waits. `argument` is the
 * part of the path that matched the pattern's {name}, or "". */
typedef void route_answer(struct service *s, const char *argument, struct reply *r);

enum {
    ROUTE_TAGGED = 1,    /* the answer changes rarely, and has an ETag */
    ROUTE_OPEN = 2,      /* needs no key, also where --api-keys is in use */
    ROUTE_ADMIN = 4,     /* needs an admin's key */
    ROUTE_RELOAD = 8,    /* `answer` is NULL: reads models and keys again */
    ROUTE_PROGRESS = 16, /* `answer` is NULL: shows or cancels a request under way */
    ROUTE_ESTIMATE = 32, /* `answer` is NULL: estimates what a picture would need */
};

struct route {
    const char *methods;  /* as in the Allow header */
    const char *pattern;  /* a path; a final {name} matches one or more bytes other than '/' */
    route_answer *answer; /* NULL, without a flag that says otherwise: enlarges a picture */
    int flags;            /* ROUTE_* */
};

/* Finds the route of a path and method. ERR_NO_ROUTE. ERR_METHOD: *out is the route of the path, whose
 * methods are then listed. *argument points into `path`. */
enum err_code route_find(const char *path, const char *method, const struct route **out,
                         const char **argument, struct err *e);

/* The routes by number, for tests. NULL past the last. */
const struct route *route_at(int index);

#endif
