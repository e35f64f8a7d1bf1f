/* json_text.c - see json_text.h. */
#include "server/json_text.h"

#include <stdlib.h>
#include <string.h>

char *json_text(json_t *o, size_t flags)
{
    char *text = o ? json_dumps(o, flags | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(o);
    size_t length = text ? strlen(text) : 0;
    char *line = text ? realloc(text, length + 2) : NULL;
    if (!line) {
        free(text);
        return NULL;
    }
    memcpy(line + length, "\n", 2);
    return line;
}
