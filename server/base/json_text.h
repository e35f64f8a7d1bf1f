/* json_text.h - a jansson object as the text of a reply. */
#ifndef UPSCALED_SERVER_BASE_JSON_TEXT_H
#define UPSCALED_SERVER_BASE_JSON_TEXT_H

#include <jansson.h>

/* Text of `o`, which it takes over, on one line or (JSON_INDENT) several, with a final newline;
 * free() it. NULL when memory is out, or `o` is NULL because it was. */
char *json_text(json_t *o, size_t flags);

/* What the text says, or NULL: when it is no JSON, or memory was out at any moment. */
json_t *json_parse(const char *text);

/* Adds `value`, which they take over. Where memory is out, and `value` NULL because it was, *o is
 * freed and becomes NULL: an answer is whole or none. */
void json_put(json_t **o, const char *key, json_t *value);
void json_add(json_t **list, json_t *value);

#endif
