/* help.h - `upscaled help`, and what the program says when it is called wrongly. */
#ifndef UPSCALED_SERVER_COMMANDS_HELP_H
#define UPSCALED_SERVER_COMMANDS_HELP_H

#include <stdio.h>

/* A sub-command: a row of main.c's table. */
struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    int options; /* FOR_* (server/options/options.h), or 0 */
    const char *usage, *help;
};

struct command_list {
    const struct command *rows;
    int count;
};

/* The row of that name, or NULL. */
const struct command *command_find(const struct command_list *list, const char *name);

/* `upscaled help [COMMAND | PAGE]`; returns main's status. */
int command_help(const struct command_list *list, int argc, char **argv);

/* Prints the list of sub-commands; how one of them is called. */
void command_help_all(FILE *out, const struct command_list *list);
void command_help_one(FILE *out, const struct command *c);

/* Says that there is no such sub-command, and which one may be meant; returns main's status. */
int command_unknown(const struct command_list *list, const char *word);

#endif
