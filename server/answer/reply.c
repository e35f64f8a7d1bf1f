/* reply.c - see reply.h. */
#include "server/answer/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/answer/problem.h"
#include "server/base/errors.h"

enum { RETRY_AFTER_S = 1 };

void reply_init(struct reply *r)
{
    memset(r, 0, sizeof *r);
}

static void drop_body(struct reply *r)
{
    if (r->release)
        r->release(r->body);
    r->body = NULL;
    r->length = 0;
    r->release = NULL;
}

void reply_done(struct reply *r)
{
    drop_body(r);
    for (int i = 0; i < r->header_count; i++)
        free(r->headers[i].text);
    r->header_count = 0;
}

void reply_header(struct reply *r, const char *name, const char *format, ...)
{
    if (r->header_count == REPLY_HEADERS_MAX)
        return;
    struct reply_header *h = &r->headers[r->header_count++];
    va_list args;
    h->name = name;
    h->text = NULL;
    va_start(args, format);
    vsnprintf(h->value, sizeof h->value, format, args);
    va_end(args);
}

enum err_code reply_long_header(struct reply *r, const char *name, const char *value, struct err *e)
{
    if (r->header_count == REPLY_HEADERS_MAX)
        return ERR_OK;
    char *text = strdup(value);
    if (!text)
        return err_set(e, ERR_MEMORY, "no memory for the header %s", name);
    r->headers[r->header_count++] = (struct reply_header){.name = name, .text = text};
    return ERR_OK;
}

const char *reply_header_value(const struct reply_header *h)
{
    return h->text ? h->text : h->value;
}

struct body {
    void *bytes;
    size_t length;
    void (*release)(void *); /* NULL: the bytes are in static storage */
};

static void set_body(struct reply *r, int status, const char *type, const struct body *body)
{
    drop_body(r);
    r->status = status;
    r->type = type;
    r->body = body->bytes;
    r->length = body->length;
    r->release = body->release;
}

void reply_text(struct reply *r, int status, const char *type, const char *text)
{
    /* the cast is safe: nothing writes to a body, and release is NULL */
    set_body(r, status, type, &(struct body){(void *)(uintptr_t)text, strlen(text), NULL});
}

static void retry_after(struct reply *r, unsigned seconds)
{
    reply_header(r, "Retry-After", "%u", seconds ? seconds : RETRY_AFTER_S);
}

void reply_owned(struct reply *r, int status, const char *type, char *text)
{
    if (text) {
        set_body(r, status, type, &(struct body){text, strlen(text), free});
        return;
    }
    reply_text(r, 503, PROBLEM_TYPE, problem_no_memory);
    r->code = error_row(ERR_MEMORY)->name;
    retry_after(r, 0);
}

void reply_bytes(struct reply *r, int status, const char *type, struct buf *b)
{
    struct body body = {.release = mem_free};
    body.bytes = buf_take(b, &body.length);
    set_body(r, status, type, &body);
}

void reply_error(struct reply *r, const struct err *e)
{
    const struct error_row *row = error_row(e->code);
    char *text = problem_json(e);
    r->code = row->name;
    reply_owned(r, row->status, PROBLEM_TYPE, text);
    if (text && row->status == 503)
        retry_after(r, e->retry_s);
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {408, "Request Timeout"},
        {414, "URI Too Long"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Error";
}

static enum err_code append_line(struct buf *out, struct err *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err_code append_line(struct buf *out, struct err *e, const char *format, ...)
{
    char line[REPLY_VALUE_MAX + 64];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof line)
        return err_set(e, ERR_INTERNAL, "a header line of %d bytes", n);
    return buf_append(out, line, (size_t)n, e);
}

static enum err_code append_header(const struct reply_header *h, struct buf *out, struct err *e)
{
    const char *value = reply_header_value(h);
    enum err_code rc = append_line(out, e, "%s: ", h->name);
    if (rc == ERR_OK)
        rc = buf_append(out, value, strlen(value), e);
    return rc == ERR_OK ? buf_append(out, "\r\n", 2, e) : rc;
}

enum err_code reply_render(const struct reply *r, struct buf *out, struct err *e)
{
    enum err_code rc =
        append_line(out, e, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %zu\r\n",
                    r->status, reason_of(r->status), r->length);
    if (rc == ERR_OK && r->type)
        rc = append_line(out, e, "Content-Type: %s\r\n", r->type);
    if (rc == ERR_OK && r->policy)
        rc = append_line(out, e, "Content-Security-Policy: %s\r\n", r->policy);
    for (int i = 0; rc == ERR_OK && i < r->header_count; i++)
        rc = append_header(&r->headers[i], out, e);
    if (rc == ERR_OK)
        rc = buf_append(out, "\r\n", 2, e);
    if (rc == ERR_OK && r->length > 0)
        rc = buf_append(out, r->body, r->length, e);
    return rc;
}
