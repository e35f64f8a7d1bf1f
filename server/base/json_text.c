/* json_text.c - see json_text.h.
 *
 * json_dumps of jansson 2.14 goes on where its buffer cannot grow, and gives text with a hole. So
 * it is measured first, and then written into a buffer that is large enough. json_loads does the
 * same with a string of 16 bytes or more: it loses a letter. So failures are noted where they are.
 */
#include "server/base/json_text.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local bool memory_failed;
static pthread_once_t noting = PTHREAD_ONCE_INIT;

static void *noting_malloc(size_t size)
{
    void *p = malloc(size);
    memory_failed = memory_failed || !p;
    return p;
}

static void note_failures(void)
{
    json_set_alloc_funcs(noting_malloc, free);
}

json_t *json_parse(const char *text)
{
    pthread_once(&noting, note_failures);
    memory_failed = false;
    json_t *o = json_loads(text, 0, NULL);
    if (!memory_failed)
        return o;
    json_decref(o);
    return NULL;
}

char *json_text(json_t *o, size_t flags)
{
    flags |= JSON_REAL_PRECISION(9);
    size_t length = o ? json_dumpb(o, NULL, 0, flags) : 0;
    char *text = length > 0 ? malloc(length + 2) : NULL;
    if (text && json_dumpb(o, text, length, flags) != length) {
        free(text);
        text = NULL;
    }
    json_decref(o);
    if (text)
        memcpy(text + length, "\n", 2);
    return text;
}

static void keep(json_t **o, int failed)
{
    if (!failed)
        return;
    json_decref(*o);
    *o = NULL;
}

void json_put(json_t **o, const char *key, json_t *value)
{
    keep(o, json_object_set_new(*o, key, value));
}

void json_add(json_t **list, json_t *value)
{
    keep(list, json_array_append_new(*list, value));
}
