/* json_watch.c - see json_watch.h. */
#include "engine/nn/json_watch.h"

#include <jansson.h>
#include <pthread.h>

static pthread_once_t watching = PTHREAD_ONCE_INIT;
static json_malloc_t allocate; /* what Jansson used before */
static _Thread_local bool failed;

static void *watched_malloc(size_t bytes)
{
    void *p = allocate(bytes);
    failed = failed || !p;
    return p;
}

static void begin(void)
{
    json_free_t release;
    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(watched_malloc, release);
}

void json_watch(void)
{
    pthread_once(&watching, begin);
    failed = false;
}

bool json_watch_failed(void)
{
    return failed;
}
