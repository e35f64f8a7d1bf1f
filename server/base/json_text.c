/* json_text.c - see json_text.h.
 *
 * json_dumps of Jansson 2.14 continues if its buffer cannot grow, and returns text with a gap. So
 * json_text first measures the length, and then writes the text into a buffer of that length. */
#include "server/base/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/utf8.h"
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

json_t *json_name(const char *bytes)
{
    char *text = malloc(3 * strlen(bytes) + 1), *end = text;
    if (!text)
        return NULL;
    while (*bytes) {
        size_t count = utf8_sequence(bytes);
        const char *from = count > 0 ? bytes : "\xef\xbf\xbd";
        size_t length = count > 0 ? count : 3;
        memcpy(end, from, length);
        end += length;
        bytes += count > 0 ? count : 1;
    }
    json_t *name = json_stringn(text, (size_t)(end - text));
    free(text);
    return name;
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
