/* convert.c - `upscaled convert`: enlarges files by the same code as requests. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/buf.h"
#include "server/base/errors.h"
#include "server/base/file.h"
#include "server/base/json_text.h"
#include "server/commands/commands.h"
#include "server/commands/convert_bar.h"
#include "server/host/cpus.h"
#include "server/work/api.h"

extern char **environ;

struct convert {
    struct options options;
    struct pool *pool;
    struct models *models;
    struct api_request request;
    bool bar;          /* show a progress bar */
    int number, count; /* the file, from 1, and how many there are */
};

static enum err_code ask(struct convert *c, struct err *e)
{
    const struct options *o = &c->options;
    const char *name, *value;
    enum err_code rc = ERR_OK;
    api_request_init(&c->request, o);
    for (int i = 0; (name = api_parameter(i)) != NULL && rc == ERR_OK; i++)
        if ((value = options_text(o, name)) != NULL)
            rc = api_set(&c->request, name, value, e);
    return rc == ERR_OK ? api_finish(&c->request, c->models, e) : rc;
}

static enum err_code begin(struct convert *c, struct err *e)
{
    const struct options *o = &c->options;
    struct models_source source = command_models_source(o);
    int threads = o->threads ? (int)o->threads : cpus_usable();
    source.only = o->model ? o->model : MODELS_DEFAULT;
    enum err_code rc = pool_new(threads, &c->pool, e);
    if (rc == ERR_OK)
        rc = models_new(c->pool, &source, &c->models, e);
    return rc == ERR_OK ? ask(c, e) : rc;
}

static void end(struct convert *c)
{
    api_request_done(&c->request);
    models_free(c->models);
    pool_free(c->pool);
    options_done(&c->options);
}

/* Whether both are the same file. Writing the output would then destroy the input. */
static bool same_file(const char *in, const char *out)
{
    struct stat a, b;
    return strcmp(in, "-") != 0 && stat(in, &a) == 0 && S_ISREG(a.st_mode) && stat(out, &b) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Returns the codes of the warnings as a list. */
static json_t *json_warnings(const struct png_warnings *w)
{
    json_t *codes = json_array();
    for (int kind = 0; kind < PNG_WARNINGS; kind++)
        if (png_warned(w, (enum png_warning)kind))
            json_add(&codes, json_string(png_warning_code((enum png_warning)kind)));
    return codes;
}

/* Prints the line of a file for programs (--json). `kept`: the output existed and was not replaced.
 * Returns the status of main. */
static int print_json(const char *in, const char *out, const struct transcode_report *report,
                      const struct err *e, bool kept)
{
    const char *code = e->code != ERR_OK ? error_row(e->code)->name : NULL;
    json_t *o = json_pack("{s:o, s:o, s:b, s:b}", "input", json_name(in), "output", json_name(out),
                          "done", report && e->code == ERR_OK, "kept", kept);
    if (code) {
        json_put(&o, "code", json_string(code));
        json_put(&o, "error", json_name(e->text));
    } else if (report) {
        json_put(&o, "width", json_integer(report->out.width));
        json_put(&o, "height", json_integer(report->out.height));
        json_put(&o, "ms", json_real(report->decode_ms + report->network_ms + report->encode_ms));
        json_put(&o, "warnings", json_warnings(&report->warnings));
    }
    return command_print_json(o, 0);
}

/* Reports on standard error which parts of the file were left out or mended. */
static void tell_warnings(const char *in, const struct png_warnings *w)
{
    char text[PNG_WARNING_TEXT];
    for (int kind = 0; kind < PNG_WARNINGS; kind++)
        if (png_warned(w, (enum png_warning)kind)) {
            png_warning_text(w, (enum png_warning)kind, text);
            fprintf(stderr, "upscaled: %s: warning: %s\n", in, text);
        }
}

static int convert_one(struct convert *c, const char *in, const char *out, bool keep)
{
    struct buf body, answer;
    struct transcode_report report = {0};
    struct err e = ERR_INIT;
    struct convert_bar bar;
    const struct transcode_call call = {.pool = c->pool,
                                        .params = &c->request.params,
                                        .progress = c->bar ? convert_bar_draw : NULL,
                                        .progress_arg = &bar};
    convert_bar_begin(&bar, in, c->number, c->count);
    buf_init(&body, (size_t)c->options.max_body);
    buf_init(&answer, c->request.params.max_output_bytes);
    enum err_code rc = file_may_write(out, &e); /* an error is reported before the work */
    if (rc == ERR_OK)
        rc = file_read(in, &file_picture, &body, &e);
    if (rc == ERR_OK)
        rc = transcode_run(&call, &body, &answer, &report, &e);
    convert_bar_end(&bar);
    if (rc == ERR_OK)
        rc = file_write(out, &answer, keep, &e);
    int status = c->options.json ? print_json(in, out, &report, &e, false) : 0;
    if (rc != ERR_OK)
        command_complain(in, &e);
    else
        tell_warnings(in, &report.warnings);
    buf_done(&body);
    buf_done(&answer);
    return rc == ERR_OK ? status : 1;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether two inputs have the same name, and so would write the same output. */
static bool names_clash(int count, char **paths)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(base_name(paths[i]), base_name(paths[k])) == 0) {
                fprintf(stderr, "upscaled: %s and %s would both become %s\n", paths[k], paths[i],
                        base_name(paths[i]));
                return true;
            }
    return false;
}

/* Reports a file that is not processed, to people and to programs. */
static int refuse(const struct convert *c, const char *in, const char *out, const char *why)
{
    struct err e = ERR_INIT;
    err_set(&e, ERR_IO, "%s; choose another --output-dir", why);
    if (c->options.json)
        print_json(in, out, NULL, &e, false);
    command_complain(in, &e);
    return 1;
}

/* Converts all files into the folder; continues after a failure. */
static int convert_many(struct convert *c, int count, char **paths)
{
    int status = 0;
    struct stat folder;
    if (stat(c->options.output_dir, &folder) != 0 || !S_ISDIR(folder.st_mode) ||
        access(c->options.output_dir, W_OK | X_OK) != 0) {
        fprintf(stderr, "upscaled: %s is not a folder that can be written to; make it first\n",
                c->options.output_dir);
        return 1;
    }
    c->count = count;
    for (int i = 0; i < count; i++) {
        char out[4096];
        c->number = i + 1;
        int n = snprintf(out, sizeof out, "%s/%s", c->options.output_dir, base_name(paths[i]));
        if (n >= (int)sizeof out) {
            status |= refuse(c, paths[i], out, "the path of the output is too long");
        } else if (same_file(paths[i], out)) {
            status |= refuse(c, paths[i], out, "the output would replace it");
        } else if (!c->options.force && access(out, F_OK) == 0) {
            fprintf(stderr, "upscaled: %s exists and was kept; --force replaces it\n", out);
            if (c->options.json)
                status |= print_json(paths[i], out, NULL, &(const struct err)ERR_INIT, true);
        } else {
            status |= convert_one(c, paths[i], out, !c->options.force);
        }
    }
    return status;
}

static bool called_rightly(const struct convert *c, int count, char **paths)
{
    if (c->options.json && count == 2 && !c->options.output_dir && strcmp(paths[1], "-") == 0) {
        fputs("upscaled: --json writes to standard output, where the PNG would go; name a file\n",
              stderr);
        return false;
    }
    if (c->options.output_dir) {
        for (int i = 0; i < count; i++)
            if (strcmp(paths[i], "-") == 0) {
                fputs("upscaled: --output-dir needs inputs with names, not -\n", stderr);
                return false;
            }
        if (count > 0)
            return !names_clash(count, paths);
    } else if (count == 2) {
        if (strcmp(paths[1], "-") == 0 && isatty(STDOUT_FILENO)) {
            fputs("upscaled: a PNG cannot be shown on a terminal; redirect it with > or |\n",
                  stderr);
            return false;
        }
        return true;
    }
    fprintf(stderr,
            "upscaled: %s; `upscaled help convert` lists the options\n"
            "usage: upscaled convert [OPTION...] IN.png OUT.png\n"
            "       upscaled convert [OPTION...] IN.png... --output-dir DIR\n",
            count == 0   ? "no file is named"
            : count == 1 ? "no output is named: give OUT.png, - or --output-dir"
                         : "several files need --output-dir");
    return false;
}

int command_convert(int argc, char **argv)
{
    struct convert c = {0};
    struct err e = ERR_INIT;
    struct option_words words = {argc, argv};
    if (options_read(&c.options, FOR_CONVERT, &words, environ, &e) != ERR_OK)
        return command_misused("convert", &e);
    c.bar = convert_bar_wanted() && !c.options.quiet;
    signal(SIGXFSZ, SIG_IGN); /* write then fails with EFBIG */
    int status = 2;
    if (called_rightly(&c, words.count, argv)) {
        if (begin(&c, &e) != ERR_OK) {
            if (e.code == ERR_BAD_PARAMETER)
                command_misused("convert", &e);
            else
                command_no_model(&c.options, &e);
            status = e.code == ERR_BAD_PARAMETER || e.code == ERR_UNKNOWN_MODEL ? 2 : 1;
        } else if (c.options.output_dir) {
            status = convert_many(&c, words.count, argv);
        } else {
            status = convert_one(&c, argv[0], argv[1], false);
        }
    }
    end(&c);
    return status;
}
