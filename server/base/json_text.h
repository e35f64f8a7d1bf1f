/* json_text.h - JSON objects as the text of a reply, and back. */
#ifndef UPSCALED_SERVER_BASE_JSON_TEXT_H
#define UPSCALED_SERVER_BASE_JSON_TEXT_H

#include <jansson.h>

/* Returns the text of `o` on one line, or with JSON_INDENT on several, with a final newline. Takes
 * over `o`; free() the text. NULL when memory is out or `o` is NULL. */
char *json_text(json_t *o, size_t flags);

/* Parses the text. NULL when it is not JSON or memory ran out at any point. */
json_t *json_parse(const char *text);

/* Add `value`, which they take over. When memory is out or `value` is NULL, *o is freed and becomes
 * NULL, so that an answer is complete or absent. */
void json_put(json_t **o, const char *key, json_t *value);
void json_add(json_t **list, json_t *value);

#endif
