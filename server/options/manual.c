/* manual.c - see manual.h. */
#include "server/options/manual.h"

#include <string.h>

#include "config.h"
#include "server/base/errors.h"
#include "server/options/options_table.h"

/* Writes text so that troff keeps its dashes and backslashes, and takes no line for a control
 * line. */
static void roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++)
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
}

static void roff_option(FILE *out, const struct option_row *row)
{
    fputs(".TP\n.B \\-\\-", out);
    roff(out, row->name);
    fputs(row->type == OPTION_FLAG ? "\n" : " \\fIX\\fR\n", out);
    roff(out, row->help);
    if (row->type == OPTION_COUNT || row->type == OPTION_BYTES) {
        fputs(" [", out);
        options_write_size(out, row->standard);
        fputc(']', out);
    }
    fputc('\n', out);
}

static void roff_command(FILE *out, const struct manual_command *c)
{
    fputs(".SS upscaled ", out);
    roff(out, c->name);
    fputc(' ', out);
    roff(out, c->usage);
    fputc('\n', out);
    roff(out, c->help);
    fputs(".\n", out);
    for (int i = 0; i < option_count; i++)
        if (option_rows[i].commands & c->options)
            roff_option(out, &option_rows[i]);
}

void manual_page(FILE *out, const struct manual_command *commands, int count)
{
    static const char end[] =
        ".SH ENVIRONMENT\nEvery option can also be set by the variable UPSCALED_\\fINAME\\fR, with "
        "underscores for dashes, and by a line \\fIname = value\\fR of the file that "
        "\\-\\-config names. A flag overrides the environment, and the environment overrides the "
        "file. Sizes take the suffixes K, M and G.\n.PP\n"
        "The program never writes colours, so NO_COLOR has no effect.\n"
        ".SH SIGNALS\nOn SIGTERM the server finishes the requests that it has accepted and exits "
        "with 0. A second SIGTERM ends it at once. On SIGHUP it reads models and keys again.\n"
        ".SH EXIT STATUS\n0: success. 1: something failed; convert continued with the other files. "
        "2: wrong usage.\n"
        ".SH EXAMPLES\n.nf\nupscaled convert photo.png larger.png\n"
        "upscaled convert \\-\\-scale 3 \\-\\-output\\-dir large *.png\n"
        "upscaled serve \\-\\-listen 127.0.0.1:8080\n"
        "curl \\-\\-fail\\-with\\-body \\-\\-data\\-binary @in.png "
        "http://127.0.0.1:8080/v1/upscale \\-o out.png\n.fi\n";
    fprintf(out,
            ".TH UPSCALED 1 \"\" \"%s\" \"User Commands\"\n.SH NAME\nupscaled \\- enlarge PNG "
            "pictures with a small neural network\n.SH SYNOPSIS\n.B upscaled\n\\fICOMMAND\\fR "
            "[\\fIOPTION\\fR...] [\\fIFILE\\fR...]\n.SH COMMANDS\n",
            PACKAGE_STRING);
    for (int i = 0; i < count; i++)
        roff_command(out, &commands[i]);
    fputs(end, out);
}

static void completion_words(FILE *out, const struct manual_command *c)
{
    for (int i = 0; i < option_count; i++)
        if (option_rows[i].commands & c->options)
            fprintf(out, " --%s", option_rows[i].name);
}

void manual_completion(FILE *out, const struct manual_command *commands, int count)
{
    fputs("# bash completion for upscaled; made by `upscaled help --completion`\n"
          "_upscaled() {\n    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"",
          out);
    for (int i = 0; i < count; i++)
        fprintf(out, "%s%s", i ? " " : "", commands[i].name);
    fputs("\"\n    else\n        case ${COMP_WORDS[1]} in\n", out);
    for (int i = 0; i < count; i++) {
        fprintf(out, "        %s) words=\"", commands[i].name);
        completion_words(out, &commands[i]);
        fputs("\" ;;\n", out);
    }
    fputs("        esac\n    fi\n"
          "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
          "complete -o default -F _upscaled upscaled\n",
          out);
}

void manual_errors(FILE *out)
{
    fputs(
        "# Errors\n\n`make docs` writes this page from the table in server/base/errors.c. A server "
        "shows the same at `/errors`.\n\n"
        "| code | status | title | what it means, and what to do |\n"
        "|---|---|---|---|\n",
        out);
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        const struct error_row *row = error_row((enum err_code)code);
        fprintf(out, "| `%s` | %d | %s | %s |\n", row->name, row->status, row->title, row->meaning);
    }
}

/* Says what happens beyond a limit: the codes of the answer, or a text if there is no answer. */
static const struct {
    const char *option;
    enum err_code codes[2];
    const char *more;
} beyond[] = {
    {"max-body", {ERR_BODY_TOO_LARGE}, NULL},
    {"max-side", {ERR_TOO_WIDE}, NULL},
    {"max-pixels", {ERR_TOO_MANY_PIXELS}, NULL},
    {"max-output-pixels", {ERR_OUTPUT_TOO_LARGE}, NULL},
    {"max-output-bytes", {ERR_OUTPUT_TOO_LARGE}, NULL},
    {"max-chunks", {ERR_PNG_LIMIT}, NULL},
    {"max-chunk-bytes", {ERR_PNG_LIMIT}, NULL},
    {"max-whole-bytes", {ERR_TOO_MANY_PIXELS}, NULL},
    {"max-model-bytes", {ERR_MODEL_LIMIT}, NULL},
    {"max-model-layers", {ERR_MODEL_LIMIT}, NULL},
    {"max-model-parameters", {ERR_MODEL_LIMIT}, NULL},
    {"max-model-macs", {ERR_MODEL_LIMIT}, NULL},
    {"memory-limit", {ERR_TOO_MUCH_MEMORY, ERR_BUSY}, NULL},
    {"max-running", {ERR_OK}, "requests wait"},
    {"queue", {ERR_BUSY}, NULL},
    {"queue-timeout", {ERR_BUSY}, NULL},
    {"work-timeout", {ERR_TOO_MUCH_WORK, ERR_BUSY}, NULL},
    {"connections", {ERR_OK}, "the longest idle one is closed; if none is idle, new ones wait"},
    {"connection-memory", {ERR_HEAD_TOO_LARGE, ERR_TARGET_TOO_LONG}, NULL},
    {"header-timeout", {ERR_TIMEOUT}, NULL},
    {"body-timeout", {ERR_TIMEOUT}, NULL},
    {"write-timeout", {ERR_OK}, "the server closes the connection"},
    {"min-rate", {ERR_TIMEOUT}, NULL},
    {"idle-timeout", {ERR_OK}, "the server closes the connection"},
    {"drain-bytes", {ERR_OK}, "the server answers and closes the connection"},
    {"drain-timeout", {ERR_OK}, "the server answers and closes the connection"},
    {"drain-delay", {ERR_DRAINING}, NULL},
    {"shutdown-timeout", {ERR_OK}, "requests are cancelled"},
};

/* Returns false for an option that is not in the table. */
static bool write_beyond(FILE *out, const char *option)
{
    size_t i = 0, count = sizeof beyond / sizeof *beyond;
    while (i < count && strcmp(beyond[i].option, option) != 0)
        i++;
    if (i == count)
        return false;
    for (int k = 0; k < 2 && beyond[i].codes[k] != ERR_OK; k++) {
        const struct error_row *row = error_row(beyond[i].codes[k]);
        fprintf(out, "%s%d [`%s`](errors.md)", k ? ", " : "", row->status, row->name);
    }
    fputs(beyond[i].more ? beyond[i].more : "", out);
    return true;
}

void manual_limits(FILE *out)
{
    fputs(
        "# Limits\n\n`make docs` writes this page from the table in "
        "server/options/options_table.c.\n\n"
        "Each limit is an option of the server; [options.md](options.md) says which other commands "
        "take it.\n`GET /v1/limits` shows the values in force.\n\n"
        "| limit | default | highest | what it limits | what happens beyond it |\n"
        "|---|---|---|---|---|\n",
        out);
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        if (!row->limit)
            continue;
        fprintf(out, "| `--%s` | ", row->name);
        options_write_size(out, row->standard);
        fputs(" | ", out);
        options_write_size(out, row->most);
        fprintf(out, " | %s | ", row->help);
        if (!write_beyond(out, row->name))
            fputs("?", out);
        fputs(" |\n", out);
    }
}
