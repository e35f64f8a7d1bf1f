/* access_log.h - writes one line for each request on standard output, for people or for programs.
 *
 * Everything that a client sent is escaped, so that it cannot end a line or break its JSON. If the
 * reader of the log is too slow, lines are dropped, and a later line states their number. Requests
 * never wait for the log.
 *
 * Threads: any may write. */
#ifndef UPSCALED_SERVER_SERVICE_ACCESS_LOG_H
#define UPSCALED_SERVER_SERVICE_ACCESS_LOG_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/err.h"

enum access_format { ACCESS_OFF, ACCESS_TEXT, ACCESS_JSON };

enum { ACCESS_LINE_MAX = 3072 };

struct access_log {
    int fd;
    enum access_format format;
    atomic_uint lost; /* lines dropped since the last one that was written */
};

/* A string that is NULL or "" is unknown or does not apply. Sizes are 0 if there is no picture. */
struct access_entry {
    int64_t time_ms; /* since 1970 */
    const char *id, *client, *key, *method, *target, *code, *model;
    int status;
    uint64_t bytes_in, bytes_out, memory; /* memory: for the work, as admitted */
    int width, height, out_width, out_height;
    double queue_ms, decode_ms, network_ms, encode_ms, total_ms;
};

/* `word` is auto (text on a terminal, else JSON), json, text or off. NULL is auto. */
enum err_code access_log_open(struct access_log *log, int fd, const char *word, struct err *e);

void access_log_write(struct access_log *log, const struct access_entry *entry);

/* Writes the line with its newline and a NUL. Returns its length. Long strings are cut. */
size_t access_log_line(enum access_format format, const struct access_entry *entry,
                       char out[ACCESS_LINE_MAX]);

#endif
