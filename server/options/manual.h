/* manual.h - writes pages from the program's own tables: the manual page, the completion of the
 * shell, the lists of errors and limits. */
#ifndef UPSCALED_SERVER_OPTIONS_MANUAL_H
#define UPSCALED_SERVER_OPTIONS_MANUAL_H

#include <stdio.h>

/* A sub-command, from the table of commands (server/main.c). */
struct manual_command {
    const char *name;
    int options; /* its options: FOR_*, or 0 */
    const char *usage, *help;
};

/* Writes upscaled(1) in the macros of man(7). */
void manual_page(FILE *out, const struct manual_command *commands, int count);

/* Writes the completion for bash: the sub-commands, and the options of each. */
void manual_completion(FILE *out, const struct manual_command *commands, int count);

/* Write docs/errors.md and docs/limits.md. */
void manual_errors(FILE *out);
void manual_limits(FILE *out);

#endif
