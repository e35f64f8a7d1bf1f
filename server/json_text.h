/* json_text.h - a jansson object as the text of a reply. */
#ifndef UPSCALED_SERVER_JSON_TEXT_H
#define UPSCALED_SERVER_JSON_TEXT_H

#include <jansson.h>

/* Text of `o`, which it takes over, on one line or (JSON_INDENT) several, with a final newline;
 * free() it. NULL when memory is out, or `o` is NULL because it was. */
char *json_text(json_t *o, size_t flags);

#endif
