/* page.c - see page.h. */
#include "server/service/page.h"

#include <stdio.h>
#include <string.h>

#include "server/base/errors.h"

#define HTML_TYPE "text/html; charset=utf-8"

enum { ERRORS_MAX = 1 << 17 };

/* Adds the policy, and headers by which browsers do not guess types and do not send Referer. */
static void protect(struct reply *r, const char *policy)
{
    r->policy = policy;
    reply_header(r, "X-Content-Type-Options", "nosniff");
    reply_header(r, "Referrer-Policy", "no-referrer");
}

void page_show(struct reply *r)
{
    reply_text(r, 200, HTML_TYPE, page_html);
    protect(r, page_policy);
}

void page_show_openapi(struct reply *r)
{
    reply_text(r, 200, "application/json", page_openapi);
}

static enum err_code append_text(struct buf *out, const char *text)
{
    return buf_append(out, text, strlen(text), NULL);
}

static enum err_code append_error(struct buf *out, const struct error_row *row)
{
    char text[1024];
    snprintf(text, sizeof text, "<dt id=\"%s\">%s <code>%s, %d</code></dt>\n<dd>%s</dd>\n",
             row->name, row->title, row->name, row->status, row->meaning);
    return append_text(out, text);
}

void page_show_errors(struct reply *r)
{
    struct buf html;
    buf_init(&html, ERRORS_MAX);
    enum err_code rc = append_text(&html, page_errors_head);
    for (int code = ERR_OK + 1; rc == ERR_OK && code < ERR_COUNT; code++)
        rc = append_error(&html, error_row((enum err_code)code));
    if (rc == ERR_OK)
        rc = append_text(&html, page_errors_tail);
    if (rc == ERR_OK) {
        reply_bytes(r, 200, HTML_TYPE, &html);
        protect(r, page_errors_policy);
    } else {
        reply_owned(r, 0, NULL, NULL);
    }
    buf_done(&html);
}
