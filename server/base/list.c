/* list.c - see list.h. */
#include "server/base/list.h"

#include <string.h>

static const char blanks[] = " \t";

static void trim(struct list_item *item)
{
    while (item->length > 0 && strchr(blanks, *item->start)) {
        item->start++;
        item->length--;
    }
    while (item->length > 0 && strchr(blanks, item->start[item->length - 1]))
        item->length--;
}

static bool next(const char **list, const char *separators, bool quotes, struct list_item *out)
{
    while (**list) {
        const char *at = *list;
        bool quoted = false;
        for (; *at && (quoted || !strchr(separators, *at)); at++)
            quoted ^= quotes && *at == '"';
        *out = (struct list_item){*list, (size_t)(at - *list)};
        trim(out);
        *list = *at ? at + 1 : at;
        if (out->length > 0)
            return true;
    }
    return false;
}

bool list_next(const char **list, const char *separators, struct list_item *out)
{
    return next(list, separators, true, out);
}

bool list_next_word(const char **list, struct list_item *out)
{
    return next(list, ",", false, out);
}

bool list_last(const char *list, size_t *length, struct list_item *out)
{
    size_t start = *length;
    if (start == 0)
        return false;
    while (start > 0 && list[start - 1] != ',')
        start--;
    *out = (struct list_item){list + start, *length - start};
    trim(out);
    *length = start > 0 ? start - 1 : 0;
    return true;
}

bool list_item_is(const struct list_item *item, const char *text)
{
    return strlen(text) == item->length && memcmp(item->start, text, item->length) == 0;
}
