/* json_text.c - see json_text.h.
 *
 * json_dumps of Jansson 2.14 continues if its buffer cannot grow, and returns text with a gap. So
 * json_text first measures the length, and then writes the text into a buffer of that length. */
#include "server/base/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "engine/nn/json_watch.h"

json_t *json_parse(const char *text)
{
    json_watch();
    json_t *o = json_loads(text, 0, NULL);
    if (!json_watch_failed())
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
