/* options_table.c - the options, and what is printed of them. */
#include "server/options/options_table.h"

#include <inttypes.h>
#include <string.h>

#define FIELD(name) offsetof(struct options, name)
#define ALL (FOR_SERVE | FOR_CONVERT | FOR_MODELS | FOR_BENCH)
#define WORK (FOR_SERVE | FOR_CONVERT)
#define RUN (WORK | FOR_BENCH)
#define K ((int64_t)1 << 10)
#define M ((int64_t)1 << 20)
#define G ((int64_t)1 << 30)

const struct option_row option_rows[] = {
    /* clang-format off */
    /* name                    type          field                    commands      default  min   max      limit  help */
    {"config",               OPTION_TEXT,  FIELD(config),               ALL | FOR_HEALTH, 0,  0,    0,       false, "file of `name = value` lines"},
    {"listen",               OPTION_LIST,  FIELD(listen),               FOR_SERVE | FOR_HEALTH, 0, 0, 0,     false, "address: host:port, [v6]:port or unix:/path; may be repeated [127.0.0.1:8080, or 0.0.0.0:$PORT where the variable PORT is set]"},
    {"models",               OPTION_TEXT,  FIELD(models),               ALL,         0,       0,    0,       false, "folder of further models, *.json"},
    {"threads",              OPTION_COUNT, FIELD(threads),              RUN,         0,       0,    1024,    false, "worker threads; 0: as many as CPUs may be used"},
    {"kernels",              OPTION_TEXT,  FIELD(kernels),              ALL,         0,       0,    0,       false, "vector instructions to use: avx512, avx2, neon or c [the best there is]"},
    {"max-body",             OPTION_BYTES, FIELD(max_body),             RUN,         64 * M,  1,    4 * G,   true,  "largest request body or input file"},
    {"max-side",             OPTION_COUNT, FIELD(max_side),             RUN,         32768,   1,    1 << 20, true,  "widest and highest input, in pixels"},
    {"max-pixels",           OPTION_COUNT, FIELD(max_pixels),           RUN,         64 * M,  1,    G,       true,  "largest input, width x height"},
    {"max-output-pixels",    OPTION_COUNT, FIELD(max_output_pixels),    WORK,        256 * M, 1,    64 * G,  true,  "largest output, width x height"},
    {"max-output-bytes",     OPTION_BYTES, FIELD(max_output_bytes),     WORK,        G,       K,    64 * G,  true,  "largest output file"},
    {"max-chunks",           OPTION_COUNT, FIELD(max_chunks),           RUN,         1000,    0,    1 << 20, true,  "chunks of an input beside its pixels"},
    {"max-chunk-bytes",      OPTION_BYTES, FIELD(max_chunk_bytes),      RUN,         8 * M,   0,    G,       true,  "bytes of all those chunks together"},
    {"max-whole-bytes",      OPTION_BYTES, FIELD(max_whole_bytes),      RUN,         G,       0,    64 * G,  true,  "working memory of a model that cannot work in bands"},
    {"max-model-bytes",      OPTION_BYTES, FIELD(max_model_bytes),      ALL,         128 * M, 1,    4 * G,   true,  "largest model file"},
    {"max-model-layers",     OPTION_COUNT, FIELD(max_model_layers),     ALL,         1024,    1,    1 << 16, true,  "layers of a model"},
    {"max-model-parameters", OPTION_COUNT, FIELD(max_model_parameters), ALL,         16 * M,  1,    G,       true,  "weights of a model"},
    {"max-model-macs",       OPTION_COUNT, FIELD(max_model_macs),       ALL,         64 * M,  1,    64 * G,  true,  "multiply-accumulates of a model for an input pixel"},
    {"memory-limit",         OPTION_BYTES, FIELD(memory_limit),         FOR_SERVE,   0,       0,    1024 * G, true,  "memory of the process, which requests share; 0: what its control group grants less an eighth, or three quarters of the machine's"},
    {"max-running",          OPTION_COUNT, FIELD(max_running),          FOR_SERVE,   0,       0,    4096,    true,  "requests in work at a time; 0: four a thread"},
    {"queue",                OPTION_COUNT, FIELD(queue),                FOR_SERVE,   64,      0,    1 << 20, true,  "requests that may wait"},
    {"queue-timeout",        OPTION_COUNT, FIELD(queue_timeout),        FOR_SERVE,   30,      1,    86400,   true,  "seconds that a request may wait"},
    {"work-timeout",         OPTION_COUNT, FIELD(work_timeout),         FOR_SERVE,   900,     1,    86400,   true,  "seconds that a request may be in work"},
    {"connections",          OPTION_COUNT, FIELD(connections),          FOR_SERVE,   4096,    1,    1 << 20, true,  "open connections"},
    {"connection-memory",    OPTION_BYTES, FIELD(connection_memory),    FOR_SERVE,   16 * K,  4 * K, 16 * M, true,  "buffer of a connection; bounds the size of headers"},
    {"http-threads",         OPTION_COUNT, FIELD(http_threads),         FOR_SERVE,   2,       1,    64,      false, "threads that read and write sockets"},
    {"header-timeout",       OPTION_COUNT, FIELD(header_timeout),       FOR_SERVE,   10,      1,    86400,   true,  "seconds for a request's headers"},
    {"body-timeout",         OPTION_COUNT, FIELD(body_timeout),         FOR_SERVE,   30,      1,    86400,   true,  "seconds for a request's body, and again for as long as it comes at --min-rate"},
    {"write-timeout",        OPTION_COUNT, FIELD(write_timeout),        FOR_SERVE,   30,      1,    86400,   true,  "seconds to read a reply, and again for as long as that is done at --min-rate"},
    {"min-rate",             OPTION_BYTES, FIELD(min_rate),             FOR_SERVE,   16 * K,  1,    G,       true,  "bytes a second at which bodies and replies may take longer than their timeouts"},
    {"idle-timeout",         OPTION_COUNT, FIELD(idle_timeout),         FOR_SERVE,   15,      1,    86400,   true,  "seconds that a connection may be idle"},
    {"drain-bytes",          OPTION_BYTES, FIELD(drain_bytes),          FOR_SERVE,   M,       0,    G,       true,  "bytes of a refused body that are read before the answer"},
    {"drain-timeout",        OPTION_COUNT, FIELD(drain_timeout),        FOR_SERVE,   5,       0,    3600,    true,  "seconds for the same"},
    {"drain-delay",          OPTION_COUNT, FIELD(drain_delay),          FOR_SERVE,   0,       0,    3600,    true,  "seconds after SIGTERM that everything is still taken while /readyz says 503"},
    {"shutdown-timeout",     OPTION_COUNT, FIELD(shutdown_timeout),     FOR_SERVE,   60,      0,    86400,   true,  "seconds to finish requests after SIGTERM"},
    {"sandbox",              OPTION_TEXT,  FIELD(sandbox),              FOR_SERVE,   0,       0,    0,       false, "what the kernel is to forbid us: auto, all it can; strict, all or no start; off [auto]"},
    {"log-format",           OPTION_TEXT,  FIELD(log_format),           FOR_SERVE,   0,       0,    0,       false, "a line a request on standard output: json, text, off, or auto: text on a terminal, else json [auto]"},
    {"api-keys",             OPTION_TEXT,  FIELD(api_keys),             FOR_SERVE,   0,       0,    0,       false, "file of who may use the API, name:sha256[:rate[:concurrency[:admin]]] a line [everybody]"},
    {"cors-origin",          OPTION_TEXT,  FIELD(cors_origin),          FOR_SERVE,   0,       0,    0,       false, "origins whose pages may use the API in a browser, with commas between, or * [none]"},
    {"trusted-proxies",      OPTION_TEXT,  FIELD(trusted_proxies),      FOR_SERVE,   0,       0,    0,       false, "addresses, networks, or `unix`, with commas between, whose X-Forwarded-For names the client [none]"},
    {"model",                OPTION_TEXT,  FIELD(model),                FOR_CONVERT | FOR_BENCH, 0, 0, 0,           false, "model to use [photo]; bench also takes a file"},
    {"scale",                OPTION_TEXT,  FIELD(scale),                FOR_CONVERT, 0,       0,    0,       false, "factor, 1 to 8 [2]"},
    {"width",                OPTION_TEXT,  FIELD(width),                FOR_CONVERT, 0,       0,    0,       false, "output width in pixels, instead of a factor"},
    {"height",               OPTION_TEXT,  FIELD(height),               FOR_CONVERT, 0,       0,    0,       false, "output height in pixels, instead of a factor"},
    {"compression",          OPTION_TEXT,  FIELD(compression),          FOR_CONVERT | FOR_BENCH, 0,       0,    0,       false, "0 (fast) to 9 (small) [6]"},
    {"metadata",             OPTION_TEXT,  FIELD(metadata),             FOR_CONVERT, 0,       0,    0,       false, "keep, color or none [keep]"},
    {"depth",                OPTION_TEXT,  FIELD(depth),                FOR_CONVERT, 0,       0,    0,       false, "bits a sample: same, 8 or 16 [same]"},
    {"edge",                 OPTION_TEXT,  FIELD(edge),                 FOR_CONVERT, 0,       0,    0,       false, "beyond the border: replicate, reflect, wrap or zero [the model's]"},
    {"output-dir",           OPTION_TEXT,  FIELD(output_dir),           FOR_CONVERT, 0,       0,    0,       false, "folder for the outputs of several inputs"},
    {"force",                OPTION_FLAG,  FIELD(force),                FOR_CONVERT, 0,       0,    0,       false, "replace files in --output-dir"},
    {"quiet",                OPTION_FLAG,  FIELD(quiet),                FOR_CONVERT, 0,       0,    0,       false, "no progress bar"},
    {"size",                 OPTION_TEXT,  FIELD(size),                 FOR_BENCH,   0,       0,    0,       false, "picture to measure with, WIDTHxHEIGHT [1920x1080]"},
    {"json",                 OPTION_FLAG,  FIELD(json),                 FOR_BENCH | FOR_CONVERT, 0,       0,    0,       false, "results as JSON; of convert an object a file, a line each"},
    {"png",                  OPTION_FLAG,  FIELD(png),                  FOR_BENCH,   0,       0,    0,       false, "measure the PNG files named, against libpng, instead of the network"},
    /* clang-format on */
};

const int option_count = sizeof option_rows / sizeof *option_rows;

/* 64M for 67108864. */
void options_write_size(FILE *out, int64_t value)
{
    static const char suffixes[] = {0, 'K', 'M', 'G'};
    int k = 0;
    while (k < 3 && value != 0 && value % 1024 == 0) {
        value /= 1024;
        k++;
    }
    fprintf(out, "%" PRId64, value);
    if (suffixes[k])
        fputc(suffixes[k], out);
}

static bool is_number(const struct option_row *row)
{
    return row->type == OPTION_COUNT || row->type == OPTION_BYTES;
}

void options_help(FILE *out, int command)
{
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!(row->commands & command))
            continue;
        bool flag = row->type == OPTION_FLAG;
        fprintf(out, "  --%s%s%*s%s", row->name, flag ? "" : " X",
                (int)(24 - strlen(row->name) + (flag ? 2 : 0)), "", row->help);
        if (is_number(row)) {
            fputs(" [", out);
            options_write_size(out, row->standard);
            fputc(']', out);
        }
        fputc('\n', out);
    }
}

static void write_commands(FILE *out, int commands)
{
    static const char *const names[] = {"serve", "convert", "models", "health", "bench"};
    const char *between = "";
    for (int i = 0; i < 5; i++)
        if (commands & (1 << i)) {
            fprintf(out, "%s%s", between, names[i]);
            between = ", ";
        }
}

void options_markdown(FILE *out)
{
    fputs("# Options\n\nMade by `make docs` from the table in server/options/options_table.c.\n\n"
          "| option | default | from | to | commands | meaning |\n|---|---|---|---|---|---|\n",
          out);
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        fprintf(out, "| `--%s` | ", row->name);
        if (is_number(row)) {
            options_write_size(out, row->standard);
            fputs(" | ", out);
            options_write_size(out, row->least);
            fputs(" | ", out);
            options_write_size(out, row->most);
        } else {
            fputs(" | | ", out);
        }
        fputs(" | ", out);
        write_commands(out, row->commands);
        fprintf(out, " | %s |\n", row->help);
    }
}

void options_limits(const struct options *o,
                    void (*each)(void *arg, const char *name, int64_t value, const char *help),
                    void *arg)
{
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->limit)
            each(arg, row->name, *(const int64_t *)((const char *)o + row->field), row->help);
    }
}

struct png_limits options_png_limits(const struct options *o)
{
    return (struct png_limits){
        .max_side = (uint32_t)o->max_side,
        .max_pixels = (uint64_t)o->max_pixels,
        .max_chunks = (uint32_t)o->max_chunks,
        .max_chunk_bytes = (size_t)o->max_chunk_bytes,
    };
}

struct model_limits options_model_limits(const struct options *o)
{
    return (struct model_limits){
        .max_bytes = (size_t)o->max_model_bytes,
        .max_layers = (int)o->max_model_layers,
        .max_parameters = (size_t)o->max_model_parameters,
        .max_macs_per_pixel = (double)o->max_model_macs,
    };
}
