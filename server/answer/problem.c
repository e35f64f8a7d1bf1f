/* problem.c - see problem.h. */
#include "server/answer/problem.h"

#include <stdio.h>

#include "server/base/errors.h"
#include "server/base/json_text.h"

const char problem_no_memory[] =
    "{\"type\": \"/errors#out_of_memory\", \"title\": \"Out of memory\", "
    "\"status\": 503, \"detail\": \"the server had no memory to answer the request\", "
    "\"code\": \"out_of_memory\"}\n";

/* Replaces bytes that are not printable ASCII by `?`. Sentences may quote what a client sent, and
 * JSON accepts only valid UTF-8. Otherwise one stray byte would make json_pack fail, and the reply
 * would say that memory is out. */
static void make_plain(const char *text, char *out, size_t size)
{
    size_t i = 0;
    for (; text[i] && i + 1 < size; i++)
        out[i] = text[i] >= 0x20 && text[i] <= 0x7e ? text[i] : '?';
    out[i] = '\0';
}

char *problem_json(const struct err *e)
{
    const struct error_row *row = error_row(e->code);
    char type[64], detail[sizeof e->text];
    make_plain(e->text, detail, sizeof detail);
    snprintf(type, sizeof type, "/errors#%s", row->name);
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", type, "title", row->title, "status",
                          row->status, "detail", detail, "code", row->name);
    if (e->option) {
        json_put(&o, "limit", json_integer((json_int_t)e->limit));
        json_put(&o, "option", json_string(e->option));
    }
    return json_text(o, 0);
}
