/* options.h - every option, stated once.
 *
 * A row of the table in options_table.c is the flag `--name VALUE`, the variable UPSCALED_NAME, the
 * key `name = VALUE` of the --config file, the range check, the line of --help and the entry of the
 * docs. A flag overrides the environment, the environment overrides the file, and the file
 * overrides the default. One more variable, PORT, replaces the default of --listen: platforms set
 * it for every program. Threads: a struct options never changes once it is read. */
#ifndef UPSCALED_SERVER_OPTIONS_OPTIONS_H
#define UPSCALED_SERVER_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/base/err.h"
#include "engine/nn/model.h"
#include "engine/png/png_head.h"

enum { OPTION_LIST_MAX = 16 };

/* The sub-commands that take an option. */
enum { FOR_SERVE = 1, FOR_CONVERT = 2, FOR_MODELS = 4, FOR_HEALTH = 8, FOR_BENCH = 16 };

/* The places that a value comes from, the weakest first. */
enum option_source { SOURCE_NONE, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_FLAG };

/* The values of an option that may be repeated. */
struct option_list {
    int count;
    enum option_source source;
    char *items[OPTION_LIST_MAX];
};

/* The arguments of a sub-command. */
struct option_words {
    int count;
    char **list;
};

/* Numbers are in the unit of their name; sizes in bytes. Strings belong to the struct. */
struct options {
    char *config;
    struct option_list listen; /* host:port, [v6]:port or unix:/path */
    char fallback_listen[24];  /* if `listen` is empty: $PORT on all addresses, or 127.0.0.1:8080 */
    char *models;              /* folder, or NULL */
    int64_t threads;
    char *kernels; /* name of a vector unit, or NULL for the best */
    /* limits on requests */
    int64_t max_body, max_side, max_pixels, max_output_pixels, max_chunks, max_chunk_bytes;
    int64_t max_output_bytes, max_whole_bytes;
    /* limits on models */
    int64_t max_model_bytes, max_model_layers, max_model_parameters, max_model_macs;
    /* the daemon */
    int64_t memory_limit, max_running, queue, connections, connection_memory, http_threads;
    int64_t header_timeout, body_timeout, queue_timeout, work_timeout, write_timeout;
    int64_t idle_timeout;                /* all in seconds */
    int64_t min_rate;                    /* bytes a second */
    char *sandbox;                       /* see sandbox.h; NULL: auto */
    char *log_format;                    /* see access_log.h; NULL: auto */
    char *api_keys;                      /* file, or NULL */
    char *cors_origin, *trusted_proxies; /* lists, or NULL */
    int64_t drain_bytes, drain_timeout, drain_delay, shutdown_timeout;
    /* pictures: flags of convert; requests have the same names as query parameters, see api.h */
    char *model, *scale, *width, *height, *compression, *metadata, *depth, *edge, *alpha;
    /* convert */
    char *output_dir;
    bool force, quiet;
    /* bench */
    char *size;
    bool json, png;
};

/* Fills `o` for the sub-command `command` (one of FOR_*) from its arguments, the environment
 * (name=value strings, as environ) and the file. The arguments that are not options stay in
 * `words`, in order. On an error `o` is empty, and the sentence names the flag, the variable or
 * file:line. */
enum err_code options_read(struct options *o, int command, struct option_words *words,
                           char *const *environment, struct err *e);
void options_done(struct options *o);

/* Returns the value of an option that is a text; NULL if it is not given, or if there is no such
 * option. */
const char *options_text(const struct options *o, const char *name);

/* options_help writes the lines of --help for these sub-commands; options_markdown writes
 * docs/options.md. */
void options_help(FILE *out, int command);
void options_markdown(FILE *out);

/* Calls `each` for every limit, with its name, value and help. /v1/limits lists them. */
void options_limits(const struct options *o,
                    void (*each)(void *arg, const char *name, int64_t value, const char *help),
                    void *arg);

/* Return the options that are limits on PNG files, and on models. */
struct png_limits options_png_limits(const struct options *o);
struct model_limits options_model_limits(const struct options *o);

/* Reads a whole number with an optional K, M or G (powers of 1024). Returns false for any other
 * text. */
bool options_size(const char *text, int64_t *out);

#endif
