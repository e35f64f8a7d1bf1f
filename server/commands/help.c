/* help.c - see help.h. */
#include "server/commands/help.h"

#include <stdbool.h>
#include <string.h>

#include "server/base/nearest.h"
#include "server/options/manual.h"
#include "server/options/options.h"
#include "server/service/metrics.h"

enum { COMMANDS_MAX = 16 };

const struct command *command_find(const struct command_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->rows[i].name, name) == 0)
            return &list->rows[i];
    return NULL;
}

int command_unknown(const struct command_list *list, const char *word)
{
    struct nearest n;
    nearest_init(&n, word);
    for (int i = 0; i < list->count; i++)
        nearest_offer(&n, list->rows[i].name);
    fprintf(stderr, "upscaled: there is no command `%s`", word);
    if (n.name)
        fprintf(stderr, "; did you mean `%s`?\n", n.name);
    else
        fputs(" (see upscaled help)\n", stderr);
    return 2;
}

void command_help_one(FILE *out, const struct command *c)
{
    fprintf(out, "usage: upscaled %s %s\n\n%s\n", c->name, c->usage, c->help);
    if (c->options) {
        fputs("\noptions (also UPSCALED_NAME in the environment, `name = value` in --config):\n",
              out);
        options_help(out, c->options);
    }
}

void command_help_all(FILE *out, const struct command_list *list)
{
    fputs("usage: upscaled COMMAND ...\n\n", out);
    for (int i = 0; i < list->count; i++)
        fprintf(out, "  %-10s%s\n", list->rows[i].name, list->rows[i].help);
    fputs("\n`upscaled help COMMAND` says more.\n", out);
}

/* Prints a page that is made from the tables. Returns false if there is no such page. */
static bool print_page(const struct command_list *list, const char *name)
{
    struct manual_command all[COMMANDS_MAX];
    for (int i = 0; i < list->count; i++) {
        const struct command *c = &list->rows[i];
        all[i] = (struct manual_command){c->name, c->options, c->usage, c->help};
    }
    if (strcmp(name, "--man") == 0)
        manual_page(stdout, all, list->count);
    else if (strcmp(name, "--completion") == 0)
        manual_completion(stdout, all, list->count);
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

int command_help(const struct command_list *list, int argc, char **argv)
{
    const struct command *c = argc > 0 ? command_find(list, argv[0]) : NULL;
    if (c)
        command_help_one(stdout, c);
    else if (argc == 0)
        command_help_all(stdout, list);
    else if (!print_page(list, argv[0]))
        return command_unknown(list, argv[0]);
    return 0;
}
