/* main.c - the table of sub-commands. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "engine/base/mem.h"
#include "server/base/nearest.h"
#include "server/commands/commands.h"
#include "server/options/manual.h"
#include "server/options/options.h"
#include "server/service/metrics.h"

static int help(int argc, char **argv);
static int version(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    int options; /* FOR_*, or 0 */
    const char *usage, *help;
} commands[] = {
    {"serve", command_serve, FOR_SERVE, "[OPTION...]", "answer POST /v1/upscale over HTTP"},
    {"convert", command_convert, FOR_CONVERT,
     "[OPTION...] IN.png OUT.png | IN.png... --output-dir DIR",
     "enlarge files; - is standard input or output"},
    {"models", command_models, FOR_MODELS, "[OPTION...] [list | check NAME-OR-FILE...]",
     "list the models, or look at some closely"},
    {"health", command_health, FOR_HEALTH, "[URL]", "exit 0 when a server is ready"},
    {"bench", command_bench, FOR_BENCH, "[OPTION...] | --png [OPTION...] FILE...",
     "measure the engine against what this machine can do"},
    {"hash-key", command_hash_key, 0, "[NAME]",
     "make a line of --api-keys from the key on standard input"},
    {"help", help, 0, "[COMMAND | PAGE]",
     "this, a command's options, or --man, --completion, --markdown, --metrics, --errors, "
     "--limits"},
    {"version", version, 0, "", "the version"},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int complain_of(const char *word)
{
    struct nearest n;
    nearest_init(&n, word);
    for (int i = 0; i < COMMANDS; i++)
        nearest_offer(&n, commands[i].name);
    fprintf(stderr, "upscaled: there is no command `%s`", word);
    if (n.name)
        fprintf(stderr, "; is it `%s`?\n", n.name);
    else
        fputs(" (see upscaled help)\n", stderr);
    return 2;
}

static void print_command(FILE *out, const struct command *c)
{
    fprintf(out, "usage: upscaled %s %s\n\n%s\n", c->name, c->usage, c->help);
    if (c->options) {
        fputs("\noptions (also UPSCALED_NAME in the environment, `name = value` in --config):\n",
              out);
        options_help(out, c->options);
    }
}

static void print_all(FILE *out)
{
    fputs("usage: upscaled COMMAND ...\n\n", out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].help);
    fputs("\n`upscaled help COMMAND` says more.\n", out);
}

/* What is made of the tables; whether there is such a page. */
static bool print_page(const char *name)
{
    struct manual_command all[COMMANDS];
    for (int i = 0; i < COMMANDS; i++)
        all[i] = (struct manual_command){commands[i].name, commands[i].options, commands[i].usage,
                                         commands[i].help};
    if (strcmp(name, "--man") == 0)
        manual_page(stdout, all, COMMANDS);
    else if (strcmp(name, "--completion") == 0)
        manual_completion(stdout, all, COMMANDS);
    else if (strcmp(name, "--errors") == 0)
        manual_errors(stdout);
    else if (strcmp(name, "--limits") == 0)
        manual_limits(stdout);
    else if (strcmp(name, "--markdown") == 0)
        options_markdown(stdout);
    else if (strcmp(name, "--metrics") == 0)
        metrics_markdown(stdout);
    else
        return false;
    return true;
}

static int help(int argc, char **argv)
{
    const struct command *c = argc > 0 ? find(argv[0]) : NULL;
    if (c) {
        print_command(stdout, c);
    } else if (argc > 0 && print_page(argv[0])) {
        return 0;
    } else if (argc > 0) {
        return complain_of(argv[0]);
    } else {
        print_all(stdout);
    }
    return 0;
}

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts(PACKAGE_STRING);
    return 0;
}

/* Options come before `--`; a file may be called --help. */
static int asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_all(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(0, NULL);
    if (strcmp(argv[1], "--version") == 0)
        return version(0, NULL);
    const struct command *c = find(argv[1]);
    if (!c)
        return complain_of(argv[1]);
    if (c->options && asks_for_help(argc - 2, argv + 2)) {
        print_command(stdout, c);
        return 0;
    }
    mem_return_large();
    return c->run(argc - 2, argv + 2);
}
