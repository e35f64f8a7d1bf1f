/* list.h - reads the items of a list in a text: values of options, and header fields (RFC 9110,
 * section 5.6.1). */
#ifndef UPSCALED_SERVER_BASE_LIST_H
#define UPSCALED_SERVER_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A part of the list's text; no NUL ends it. */
struct list_item {
    const char *start;
    size_t length;
};

/* Finds the next item of *list, and moves *list past it. Each character of `separators` ends an
 * item, except between double quotes. Blanks around an item are not part of it. Empty items are
 * skipped. Returns false at the end of the list. */
bool list_next(const char **list, const char *separators, struct list_item *out);

/* Does the same for a list of words that commas separate, in which double quotes mean nothing. */
bool list_next_word(const char **list, struct list_item *out);

/* Finds the last of the items, separated by commas, in the first *length bytes of `list`. Shortens
 * *length to the part before the comma of this item. Items may be empty here. Returns false if
 * *length is 0. */
bool list_last(const char *list, size_t *length, struct list_item *out);

/* Whether the item is this text. */
bool list_item_is(const struct list_item *item, const char *text);

#endif
