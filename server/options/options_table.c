/* options_table.c - the options, and the pages that list them. */
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
    {"config",               OPTION_TEXT,  FIELD(config),               ALL | FOR_HEALTH, 0,  0,    0,       false, "read options from this file, one `name = value` per line"},
    {"listen",               OPTION_LIST,  FIELD(listen),               FOR_SERVE | FOR_HEALTH, 0, 0, 0,     false, "address to listen on: host:port, [v6]:port, :port for all addresses, or unix:/path; may be repeated [127.0.0.1:8080, or :$PORT if the variable PORT is set]"},
    {"models",               OPTION_TEXT,  FIELD(models),               ALL,         0,       0,    0,       false, "folder with more models, *.json"},
    {"threads",              OPTION_COUNT, FIELD(threads),              RUN,         0,       0,    1024,    false, "worker threads; 0: one for each CPU that the process may use, as far as serve has memory for them"},
    {"kernels",              OPTION_TEXT,  FIELD(kernels),              ALL,         0,       0,    0,       false, "vector instructions to use: avx512, avx2, neon or c [the best that the CPU has]"},
    {"max-body",             OPTION_BYTES, FIELD(max_body),             RUN,         64 * M,  1,    4 * G,   true,  "largest request body or input file"},
    {"max-side",             OPTION_COUNT, FIELD(max_side),             RUN,         32768,   1,    1 << 20, true,  "largest width and height of an input, in pixels"},
    {"max-pixels",           OPTION_COUNT, FIELD(max_pixels),           RUN,         64 * M,  1,    G,       true,  "largest input, width x height"},
    {"max-output-pixels",    OPTION_COUNT, FIELD(max_output_pixels),    WORK,        256 * M, 1,    64 * G,  true,  "largest output, width x height"},
    {"max-output-bytes",     OPTION_BYTES, FIELD(max_output_bytes),     WORK,        G,       K,    64 * G,  true,  "largest output file"},
    {"max-chunks",           OPTION_COUNT, FIELD(max_chunks),           RUN,         1000,    0,    1 << 20, true,  "most chunks of an input, not counting its pixels"},
    {"max-chunk-bytes",      OPTION_BYTES, FIELD(max_chunk_bytes),      RUN,         8 * M,   0,    G,       true,  "most bytes of all these chunks together"},
    {"max-whole-bytes",      OPTION_BYTES, FIELD(max_whole_bytes),      RUN,         G,       0,    64 * G,  true,  "most working memory for a model that cannot work in bands"},
    {"max-model-bytes",      OPTION_BYTES, FIELD(max_model_bytes),      ALL,         128 * M, 1,    4 * G,   true,  "largest model file"},
    {"max-model-layers",     OPTION_COUNT, FIELD(max_model_layers),     ALL,         4096,    1,    1 << 16, true,  "most layers of a model"},
    {"max-model-parameters", OPTION_COUNT, FIELD(max_model_parameters), ALL,         16 * M,  1,    G,       true,  "most weights of a model"},
    {"max-model-macs",       OPTION_COUNT, FIELD(max_model_macs),       ALL,         64 * M,  1,    64 * G,  true,  "most multiply-accumulates of a model for each input pixel"},
    {"memory-limit",         OPTION_BYTES, FIELD(memory_limit),         FOR_SERVE,   0,       0,    1024 * G, true,  "memory that the process may use; requests share what it does not need itself; 0: seven eighths of what the control group grants, or three quarters of the machine's memory"},
    {"max-running",          OPTION_COUNT, FIELD(max_running),          FOR_SERVE,   0,       0,    4096,    true,  "most requests that run at a time; 0: four for each thread"},
    {"queue",                OPTION_COUNT, FIELD(queue),                FOR_SERVE,   64,      0,    1 << 20, true,  "most requests that wait for their turn"},
    {"queue-timeout",        OPTION_COUNT, FIELD(queue_timeout),        FOR_SERVE,   30,      1,    86400,   true,  "seconds that a request may wait for its turn"},
    {"work-timeout",         OPTION_COUNT, FIELD(work_timeout),         FOR_SERVE,   900,     1,    86400,   true,  "seconds that a request may run"},
    {"connections",          OPTION_COUNT, FIELD(connections),          FOR_SERVE,   4096,    1,    1 << 20, true,  "most open connections"},
    {"connection-memory",    OPTION_BYTES, FIELD(connection_memory),    FOR_SERVE,   20 * K,  4 * K, M,     true,  "largest head of a request: the request line and all header lines"},
    {"http-threads",         OPTION_COUNT, FIELD(http_threads),         FOR_SERVE,   2,       1,    64,      false, "threads that read and write sockets"},
    {"header-timeout",       OPTION_COUNT, FIELD(header_timeout),       FOR_SERVE,   10,      1,    86400,   true,  "seconds in which a request's headers must arrive"},
    {"body-timeout",         OPTION_COUNT, FIELD(body_timeout),         FOR_SERVE,   30,      1,    86400,   true,  "seconds in which a request's body must arrive; a body that keeps to --min-rate may take longer"},
    {"write-timeout",        OPTION_COUNT, FIELD(write_timeout),        FOR_SERVE,   30,      1,    86400,   true,  "seconds in which the client must read a reply; a client that keeps to --min-rate may take longer"},
    {"min-rate",             OPTION_BYTES, FIELD(min_rate),             FOR_SERVE,   16 * K,  1,    G,       true,  "bytes per second that a body or a reply must keep to after its timeout"},
    {"idle-timeout",         OPTION_COUNT, FIELD(idle_timeout),         FOR_SERVE,   75,      1,    86400,   true,  "seconds after which an idle connection is closed"},
    {"drain-bytes",          OPTION_BYTES, FIELD(drain_bytes),          FOR_SERVE,   M,       0,    G,       true,  "most bytes of a refused body that are read before the answer"},
    {"drain-timeout",        OPTION_COUNT, FIELD(drain_timeout),        FOR_SERVE,   5,       0,    3600,    true,  "most seconds that the rest of a refused body is read"},
    {"drain-delay",          OPTION_COUNT, FIELD(drain_delay),          FOR_SERVE,   0,       0,    3600,    true,  "seconds after SIGTERM in which new requests are still taken while /readyz answers 503"},
    {"shutdown-timeout",     OPTION_COUNT, FIELD(shutdown_timeout),     FOR_SERVE,   60,      0,    86400,   true,  "seconds after SIGTERM in which requests may finish"},
    {"sandbox",              OPTION_TEXT,  FIELD(sandbox),              FOR_SERVE,   0,       0,    0,       false, "auto: give up as many rights as the kernel allows; strict: refuse to start if the kernel lacks a part of the sandbox; off [auto]"},
    {"log-format",           OPTION_TEXT,  FIELD(log_format),           FOR_SERVE,   0,       0,    0,       false, "format of the access log on standard output: json, text, off, or auto, which is text on a terminal and json elsewhere [auto]"},
    {"api-keys",             OPTION_TEXT,  FIELD(api_keys),             FOR_SERVE,   0,       0,    0,       false, "file of the keys that may use the API, one name:sha256[:rate[:concurrency[:admin]]] per line [no key is needed]"},
    {"cors-origin",          OPTION_TEXT,  FIELD(cors_origin),          FOR_SERVE,   0,       0,    0,       false, "origins, separated by commas, whose pages may use the API in a browser; *: any [none]"},
    {"trusted-proxies",      OPTION_TEXT,  FIELD(trusted_proxies),      FOR_SERVE,   0,       0,    0,       false, "proxies whose X-Forwarded-For names the client: addresses, networks or `unix`, separated by commas [none]"},
    {"model",                OPTION_TEXT,  FIELD(model),                FOR_CONVERT | FOR_BENCH, 0, 0, 0,           false, "model to use; bench also takes a file [photo]"},
    {"scale",                OPTION_TEXT,  FIELD(scale),                FOR_CONVERT, 0,       0,    0,       false, "factor, from 1 to 8 [2]"},
    {"width",                OPTION_TEXT,  FIELD(width),                FOR_CONVERT, 0,       0,    0,       false, "width of the output in pixels, instead of a factor"},
    {"height",               OPTION_TEXT,  FIELD(height),               FOR_CONVERT, 0,       0,    0,       false, "height of the output in pixels, instead of a factor"},
    {"compression",          OPTION_TEXT,  FIELD(compression),          FOR_CONVERT | FOR_BENCH, 0,       0,    0,       false, "compression of the output, from 0 (fast) to 9 (small) [6]"},
    {"metadata",             OPTION_TEXT,  FIELD(metadata),             FOR_CONVERT, 0,       0,    0,       false, "metadata of the output: keep all, keep color alone, or none [keep]"},
    {"depth",                OPTION_TEXT,  FIELD(depth),                FOR_CONVERT, 0,       0,    0,       false, "bits of each sample of the output: same, 8 or 16 [same]"},
    {"edge",                 OPTION_TEXT,  FIELD(edge),                 FOR_CONVERT, 0,       0,    0,       false, "what the network sees beyond the picture's edge: replicate, reflect, wrap or zero [the model's choice]"},
    {"alpha",                OPTION_TEXT,  FIELD(alpha),                FOR_CONVERT, 0,       0,    0,       false, "together replaces colours under full transparency, separate keeps them and enlarges alpha by itself [together]"},
    {"output-dir",           OPTION_TEXT,  FIELD(output_dir),           FOR_CONVERT, 0,       0,    0,       false, "folder to write the outputs of several inputs to"},
    {"force",                OPTION_FLAG,  FIELD(force),                FOR_CONVERT, 0,       0,    0,       false, "replace files that exist in --output-dir"},
    {"quiet",                OPTION_FLAG,  FIELD(quiet),                FOR_CONVERT, 0,       0,    0,       false, "show no progress bar"},
    {"size",                 OPTION_TEXT,  FIELD(size),                 FOR_BENCH,   0,       0,    0,       false, "size of the picture to measure with, WIDTHxHEIGHT [1920x1080]"},
    {"json",                 OPTION_FLAG,  FIELD(json),                 FOR_BENCH | FOR_CONVERT, 0,       0,    0,       false, "print results as JSON; convert prints one object per line, for each file"},
    {"png",                  OPTION_FLAG,  FIELD(png),                  FOR_BENCH,   0,       0,    0,       false, "measure the PNG codec against libpng with the named files, instead of the network"},
    /* clang-format on */
};

const int option_count = sizeof option_rows / sizeof *option_rows;

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
    fputs("# Options\n\n`make docs` writes this page from the table in "
          "server/options/options_table.c.\n\n"
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
