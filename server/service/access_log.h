/* access_log.h - one line a request on standard output, for people or for programs.
 *
 * Whatever a client sent is escaped: a line stays a line, and JSON stays JSON. A reader that does
 * not keep up loses lines, and is told how many; nobody waits for it.
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
    atomic_uint lost; /* lines since the last that was written */
};

/* Strings may be NULL or "": not known, not applicable. Sizes are 0 where there is no picture. */
struct access_entry {
    int64_t time_ms; /* since 1970 */
    const char *id, *client, *key, *method, *target, *code, *model;
    int status;
    uint64_t bytes_in, bytes_out, memory; /* memory: to work in, as admitted */
    int width, height, out_width, out_height;
    double queue_ms, decode_ms, network_ms, encode_ms, total_ms;
};

/* `word` is auto (JSON where fd is no terminal), json, text or off; NULL: auto. */
enum err_code access_log_open(struct access_log *log, int fd, const char *word, struct err *e);

void access_log_write(struct access_log *log, const struct access_entry *entry);

/* The line, with its newline and a NUL; its length. Long strings are cut. */
size_t access_log_line(enum access_format format, const struct access_entry *entry,
                       char out[ACCESS_LINE_MAX]);

#endif
