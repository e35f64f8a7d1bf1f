/* routes.h - every address, stated once: methods, path, what answers, help. */
#ifndef UPSCALED_SERVER_SERVICE_ROUTES_H
#define UPSCALED_SERVER_SERVICE_ROUTES_H

#include <stdbool.h>

#include "server/answer/reply.h"
#include "server/service/service.h"

/* Answers at once, from an event thread: no pixel work, nothing that waits.
 * `argument` is what the pattern's {name} stood for, else "". */
typedef void route_answer(struct service *s, const char *argument, struct reply *r);

enum {
    ROUTE_TAGGED = 1,    /* the answer changes rarely: it gets an ETag */
    ROUTE_OPEN = 2,      /* needs no key where others do */
    ROUTE_ADMIN = 4,     /* needs an admin's key */
    ROUTE_RELOAD = 8,    /* `answer` is NULL: files are read anew */
    ROUTE_PROGRESS = 16, /* `answer` is NULL: about a request under way */
    ROUTE_ESTIMATE = 32, /* `answer` is NULL: tells what a picture would need */
};

struct route {
    const char *methods;  /* as the Allow header says them */
    const char *pattern;  /* a path; a last part {name} stands for one or more bytes but '/' */
    route_answer *answer; /* NULL: takes a picture and gives it back enlarged, but for flags */
    const char *help;
    int flags; /* ROUTE_* */
};

/* The route of a path and method. ERR_NO_ROUTE; ERR_METHOD, and then *out is the route all the
 * same, for its methods. *argument points into `path`. */
enum err_code route_find(const char *path, const char *method, const struct route **out,
                         const char **argument, struct err *e);

/* All of them, for pages and tests: NULL past the last. */
const struct route *route_at(int index);

#endif
