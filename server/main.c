/* main.c - the table of sub-commands. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "engine/base/mem.h"
#include "server/commands/commands.h"
#include "server/commands/help.h"

static int help(int argc, char **argv);
static int version(int argc, char **argv);

static const struct command commands[] = {
    {"serve", command_serve, FOR_SERVE, "[OPTION...]", "answer POST /v1/upscale over HTTP"},
    {"convert", command_convert, FOR_CONVERT,
     "[OPTION...] IN.png OUT.png | IN.png... --output-dir DIR",
     "enlarge files; - is standard input or output"},
    {"models", command_models, FOR_MODELS, "[OPTION...] [list | check NAME-OR-FILE...]",
     "list the models, or check some of them"},
    {"health", command_health, FOR_HEALTH, "[URL]", "exit 0 when a server is ready"},
    {"bench", command_bench, FOR_BENCH, "[OPTION...] | --png [OPTION...] FILE...",
     "measure the engine against what this machine can do"},
    {"hash-key", command_hash_key, 0, "[NAME]",
     "make a line of --api-keys from the key on standard input"},
    {"help", help, 0, "[COMMAND | PAGE]",
     "print this list, the options of a command, or a page: --man, --completion, --markdown, "
     "--metrics, --errors, --limits"},
    {"version", version, 0, "", "print the version"},
};

static const struct command_list list = {commands, sizeof commands / sizeof *commands};

static int help(int argc, char **argv)
{
    return command_help(&list, argc, argv);
}

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts(PACKAGE_STRING);
    return 0;
}

/* Whether the arguments ask for help. Options come before `--`, because a file may have the name
 * --help. */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        command_help_all(stderr, &list);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(0, NULL);
    if (strcmp(argv[1], "--version") == 0)
        return version(0, NULL);
    const struct command *c = command_find(&list, argv[1]);
    if (!c)
        return command_unknown(&list, argv[1]);
    if (c->options && asks_for_help(argc - 2, argv + 2)) {
        command_help_one(stdout, c);
        return 0;
    }
    mem_keep_large();
    return c->run(argc - 2, argv + 2);
}

/* The output of a command may still be in memory. If it is lost, for example on a full disk, the
 * command has failed. */
int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* so that a closed pipe is an error of write */
    int status = run(argc, argv);
    bool lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (status != 0 || !lost)
        return status;
    fputs("upscaled: standard output cannot be written (a full disk, or a closed pipe)\n", stderr);
    return 1;
}
