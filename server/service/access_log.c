/* access_log.c - see access_log.h. */
#include "server/service/access_log.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STRING_MAX = 256 }; /* bytes that one string may take, escaped */

enum err_code access_log_open(struct access_log *log, int fd, const char *word, struct err *e)
{
    enum access_format format;
    if (!word || strcmp(word, "auto") == 0)
        format = isatty(fd) ? ACCESS_TEXT : ACCESS_JSON;
    else if (strcmp(word, "json") == 0)
        format = ACCESS_JSON;
    else if (strcmp(word, "text") == 0)
        format = ACCESS_TEXT;
    else if (strcmp(word, "off") == 0)
        format = ACCESS_OFF;
    else
        return err_set(e, ERR_BAD_PARAMETER, "log-format is auto, json, text or off, not `%.64s`",
                       word);
    *log = (struct access_log){.fd = fd, .format = format};
    return ERR_OK;
}

/* A line that is being written. Text that does not fit is left out; the strings are short enough
 * that everything fits. */
struct line {
    char *text;
    size_t length;
};

static void add(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *l, const char *format, ...)
{
    va_list args;
    size_t room = ACCESS_LINE_MAX - l->length;
    va_start(args, format);
    int n = vsnprintf(l->text + l->length, room, format, args);
    va_end(args);
    if (n > 0)
        l->length += (size_t)n < room ? (size_t)n : room - 1;
}

/* Adds a string. Bytes outside printable ASCII become \u00xx, which JSON and people can read. */
static void add_escaped(struct line *l, const char *text)
{
    size_t end = l->length + STRING_MAX;
    for (; *text && l->length < end; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
            add(l, "\\u%04x", c);
        else
            add(l, "%c", c);
    }
}

static void add_time(struct line *l, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm t = {0};
    gmtime_r(&seconds, &t);
    add(l, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
        t.tm_hour, t.tm_min, t.tm_sec, (int)(ms % 1000));
}

static void add_json_string(struct line *l, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    add(l, ", \"%s\": \"", name);
    add_escaped(l, value);
    add(l, "\"");
}

static void write_json(struct line *l, const struct access_entry *x)
{
    add(l, "{\"time\": \"");
    add_time(l, x->time_ms);
    add(l, "\"");
    add_json_string(l, "id", x->id);
    add_json_string(l, "client", x->client);
    add_json_string(l, "key", x->key);
    add_json_string(l, "method", x->method);
    add_json_string(l, "target", x->target);
    add(l, ", \"status\": %d", x->status);
    add_json_string(l, "code", x->code);
    add_json_string(l, "model", x->model);
    add(l, ", \"bytes_in\": %" PRIu64 ", \"bytes_out\": %" PRIu64, x->bytes_in, x->bytes_out);
    if (x->width > 0)
        add(l, ", \"width\": %d, \"height\": %d", x->width, x->height);
    if (x->out_width > 0)
        add(l,
            ", \"out_width\": %d, \"out_height\": %d, \"queue_ms\": %.1f, \"decode_ms\": %.1f, "
            "\"network_ms\": %.1f, \"encode_ms\": %.1f",
            x->out_width, x->out_height, x->queue_ms, x->decode_ms, x->network_ms, x->encode_ms);
    if (x->memory > 0)
        add(l, ", \"memory\": %" PRIu64, x->memory);
    add(l, ", \"total_ms\": %.1f}\n", x->total_ms);
}

/* Adds a quoted word of the text form. The quotes keep one word from passing for two. */
static void add_quoted(struct line *l, const char *value)
{
    add(l, " \"");
    add_escaped(l, value ? value : "");
    add(l, "\"");
}

static void add_pair(struct line *l, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    add(l, " %s=", name);
    add_escaped(l, value);
}

static void write_text(struct line *l, const struct access_entry *x)
{
    add_time(l, x->time_ms);
    add(l, " ");
    add_escaped(l, x->client && *x->client ? x->client : "-");
    add(l, " %d", x->status);
    add_pair(l, "code", x->code);
    add_quoted(l, x->method);
    add_quoted(l, x->target);
    add_pair(l, "key", x->key);
    add_pair(l, "model", x->model);
    add(l, " in=%" PRIu64 " out=%" PRIu64, x->bytes_in, x->bytes_out);
    if (x->out_width > 0)
        add(l, " %dx%d->%dx%d queue=%.1f decode=%.1f network=%.1f encode=%.1f", x->width, x->height,
            x->out_width, x->out_height, x->queue_ms, x->decode_ms, x->network_ms, x->encode_ms);
    if (x->memory > 0)
        add(l, " memory=%" PRIu64, x->memory);
    add(l, " total=%.1fms", x->total_ms);
    add_pair(l, "id", x->id);
    add(l, "\n");
}

size_t access_log_line(enum access_format format, const struct access_entry *entry,
                       char out[ACCESS_LINE_MAX])
{
    struct line l = {out, 0};
    out[0] = '\0';
    if (format == ACCESS_JSON)
        write_json(&l, entry);
    else if (format == ACCESS_TEXT)
        write_text(&l, entry);
    return l.length;
}

/* Whether a line can be written without waiting. A pipe that is ready takes a whole line. */
static int is_ready(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void tell_lost(struct access_log *log, unsigned lost)
{
    char text[80];
    int n = snprintf(text, sizeof text,
                     log->format == ACCESS_JSON ? "{\"lost_lines\": %u}\n" : "%u lines were lost\n",
                     lost);
    (void)!write(log->fd, text, (size_t)n);
}

void access_log_write(struct access_log *log, const struct access_entry *entry)
{
    char line[ACCESS_LINE_MAX];
    if (log->format == ACCESS_OFF)
        return;
    size_t length = access_log_line(log->format, entry, line);
    if (!is_ready(log->fd)) {
        atomic_fetch_add(&log->lost, 1);
        return;
    }
    unsigned lost = atomic_exchange(&log->lost, 0);
    if (lost > 0)
        tell_lost(log, lost);
    (void)!write(log->fd, line, length);
}
