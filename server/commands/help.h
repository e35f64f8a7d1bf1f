/* help.h - `upscaled help`, and the messages about wrong arguments. */
#ifndef UPSCALED_SERVER_COMMANDS_HELP_H
#define UPSCALED_SERVER_COMMANDS_HELP_H

#include <stdio.h>

/* A sub-command: a row of the table in main.c. */
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

/* Returns the row of that name, or NULL. */
const struct command *command_find(const struct command_list *list, const char *name);

/* Runs `upscaled help [COMMAND | PAGE]`. Returns the status of main. */
int command_help(const struct command_list *list, int argc, char **argv);

/* command_help_all prints the list of sub-commands, command_help_one the arguments and options of
 * one. */
void command_help_all(FILE *out, const struct command_list *list);
void command_help_one(FILE *out, const struct command *c);

/* Reports that there is no such sub-command, and which one may be meant. Returns the status of
 * main. */
int command_unknown(const struct command_list *list, const char *word);

#endif
