/* json_text.h - turns JSON objects into the text of a reply, and text into objects. */
#ifndef UPSCALED_SERVER_BASE_JSON_TEXT_H
#define UPSCALED_SERVER_BASE_JSON_TEXT_H

#include <jansson.h>

/* Returns the text of `o` with a final newline, on one line or, with JSON_INDENT, on several. Frees
 * `o`. The caller frees the text with free(). Returns NULL if there is not enough memory, or if `o`
 * is NULL. */
char *json_text(json_t *o, size_t flags);

/* Parses the text. Returns NULL if it is not JSON, or if memory ran out at any point. */
json_t *json_parse(const char *text);

/* Returns a string with these bytes, such as the name of a file. JSON has only characters, so each byte
 * that is not part of one becomes U+FFFD. Returns NULL if there is not enough memory. */
json_t *json_name(const char *bytes);

/* Add `value`, and take ownership of it. If there is not enough memory or `value` is NULL, they
 * free *o and set it to NULL. So an answer is complete or absent. */
void json_put(json_t **o, const char *key, json_t *value);
void json_add(json_t **list, json_t *value);

#endif
