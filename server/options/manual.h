/* manual.h - what is written about the program from its own tables: the manual page, the shell's
 * completion, the page of errors. */
#ifndef UPSCALED_SERVER_OPTIONS_MANUAL_H
#define UPSCALED_SERVER_OPTIONS_MANUAL_H

#include <stdio.h>

/* A sub-command, as main.c's table has it. */
struct manual_command {
    const char *name;
    int options; /* FOR_*, or 0 */
    const char *usage, *help;
};

/* upscaled(1), in man(7)'s macros. */
void manual_page(FILE *out, const struct manual_command *commands, int count);

/* For bash: sub-commands, and the options of each. */
void manual_completion(FILE *out, const struct manual_command *commands, int count);

/* docs/errors.md, docs/limits.md. */
void manual_errors(FILE *out);
void manual_limits(FILE *out);

#endif
