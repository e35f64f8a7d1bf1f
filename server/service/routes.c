/* routes.c - see routes.h. */
#include "server/service/routes.h"

#include <string.h>

#include "server/base/json_text.h"
#include "server/base/list.h"
#include "server/service/page.h"

#define READ "GET, HEAD, OPTIONS"
#define TEXT_TYPE "text/plain; charset=utf-8"
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define JSON_TYPE "application/json"

static route_answer page, errors, openapi, list_models, show_model, list_limits, show_metrics, live,
    ready, health;

static const struct route routes[] = {
    /* clang-format off */
    {"POST, PUT, OPTIONS",         "/v1/upscale",       NULL,         0},
    {"POST, OPTIONS",              "/v1/estimate",      NULL,         ROUTE_ESTIMATE},
    {READ,                         "/v1/models",        list_models,  ROUTE_TAGGED},
    {READ,                         "/v1/models/{name}", show_model,   ROUTE_TAGGED},
    {READ,                         "/v1/limits",        list_limits,  ROUTE_TAGGED},
    {"GET, HEAD, DELETE, OPTIONS", "/v1/requests/{id}", NULL,         ROUTE_PROGRESS},
    {"POST, OPTIONS",              "/v1/reload",        NULL,         ROUTE_ADMIN | ROUTE_RELOAD},
    {READ,                         "/metrics",          show_metrics, 0},
    {READ,                         "/livez",            live,         ROUTE_OPEN},
    {READ,                         "/readyz",           ready,        ROUTE_OPEN},
    {READ,                         "/health",           health,       ROUTE_OPEN},
    {READ,                         "/openapi.json",     openapi,      ROUTE_TAGGED | ROUTE_OPEN},
    {READ,                         "/errors",           errors,       ROUTE_TAGGED | ROUTE_OPEN},
    {READ,                         "/",                 page,         ROUTE_TAGGED | ROUTE_OPEN},
    /* clang-format on */
};

enum { ROUTE_COUNT = sizeof routes / sizeof routes[0] };

const struct route *route_at(int index)
{
    return index < ROUTE_COUNT ? &routes[index] : NULL;
}

static bool matches(const char *pattern, const char *path, const char **argument)
{
    size_t fixed = strcspn(pattern, "{");
    *argument = "";
    if (pattern[fixed] == '\0')
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, fixed) != 0 || path[fixed] == '\0' || strchr(path + fixed, '/'))
        return false;
    *argument = path + fixed;
    return true;
}

static bool allows(const char *methods, const char *method)
{
    struct list_item item;
    while (list_next(&methods, ",", &item))
        if (list_item_is(&item, method))
            return true;
    return false;
}

enum err_code route_find(const char *path, const char *method, const struct route **out,
                         const char **argument, struct err *e)
{
    for (int i = 0; i < ROUTE_COUNT; i++) {
        if (!matches(routes[i].pattern, path, argument))
            continue;
        *out = &routes[i];
        if (!allows(routes[i].methods, method))
            return err_set(e, ERR_METHOD, "%s takes %s, not %.32s", routes[i].pattern,
                           routes[i].methods, method);
        return ERR_OK;
    }
    return err_set(e, ERR_NO_ROUTE,
                   "nothing is served at this path; GET /openapi.json lists the paths");
}

static void page(struct service *s, const char *argument, struct reply *r)
{
    (void)s, (void)argument;
    page_show(r);
}

static void errors(struct service *s, const char *argument, struct reply *r)
{
    (void)s, (void)argument;
    page_show_errors(r);
}

static void openapi(struct service *s, const char *argument, struct reply *r)
{
    (void)s, (void)argument;
    page_show_openapi(r);
}

static void list_models(struct service *s, const char *argument, struct reply *r)
{
    (void)argument;
    reply_owned(r, 200, JSON_TYPE, models_json(s->models));
}

static void show_model(struct service *s, const char *argument, struct reply *r)
{
    const struct model_entry *entry;
    struct err e = ERR_INIT, gone = ERR_INIT;
    if (models_get(s->models, argument, &entry, &e) != ERR_OK) {
        err_set(&gone, ERR_NO_ROUTE, "%s",
                e.text); /* here the name is part of the address, not a parameter */
        reply_error(r, &gone);
        return;
    }
    reply_owned(r, 200, JSON_TYPE, model_json(entry->model));
    models_release(entry);
}

static void add_limit(void *arg, const char *name, int64_t value, const char *help)
{
    json_add(arg, json_pack("{s:s, s:I, s:s}", "option", name, "value", (json_int_t)value, "help",
                            help));
}

static void list_limits(struct service *s, const char *argument, struct reply *r)
{
    (void)argument;
    json_t *list = json_array();
    options_limits(s->options, add_limit, &list);
    reply_owned(r, 200, JSON_TYPE, json_text(json_pack("{s:o}", "limits", list), JSON_INDENT(2)));
}

static void show_metrics(struct service *s, const char *argument, struct reply *r)
{
    (void)argument;
    reply_owned(r, 200, METRICS_TYPE, metrics_text(s));
}

static void live(struct service *s, const char *argument, struct reply *r)
{
    (void)s, (void)argument;
    reply_text(r, 200, TEXT_TYPE, "live\n");
}

static void ready(struct service *s, const char *argument, struct reply *r)
{
    struct err e = ERR_INIT;
    (void)argument;
    if (!atomic_load(&s->draining)) {
        reply_text(r, 200, TEXT_TYPE, "ready\n");
        return;
    }
    err_set(&e, ERR_DRAINING, "the server is shutting down");
    reply_error(r, &e);
}

/* Lists the bytes of the budget that each use holds. */
static json_t *memory_json(struct budget *b)
{
    int64_t used[BUDGET_USES];
    json_t *o = json_object();
    budget_look(b, used);
    json_put(&o, "limit", json_integer(b->limit));
    for (int i = 0; i < BUDGET_USES; i++)
        json_put(&o, budget_names[i], json_integer(used[i]));
    return o;
}

static void health(struct service *s, const char *argument, struct reply *r)
{
    int running, waiting;
    bool draining = atomic_load(&s->draining);
    (void)argument;
    jobs_count(s->jobs, &running, &waiting);
    const struct sandbox_state *box = &s->sandbox;
    json_t *o = json_pack("{s:s, s:i, s:i, s:i, s:o, s:{s:b, s:i, s:b, s:b}}", "status",
                          draining ? "draining" : "ready", "running", running, "waiting", waiting,
                          "threads", pool_threads(s->pool), "memory", memory_json(&s->budget),
                          "sandbox", "no_new_privs", box->no_new_privs, "landlock", box->landlock,
                          "network", box->network, "seccomp", box->seccomp);
    reply_owned(r, draining ? 503 : 200, JSON_TYPE, json_text(o, JSON_INDENT(2)));
}
