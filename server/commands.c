/* commands.c - what the sub-commands share. */
#include "server/commands.h"

#include <stdio.h>

#include "server/errors.h"

void command_complain(const char *about, const struct err *e)
{
    fprintf(stderr, "upscaled: %s%s%s (%s)\n", about ? about : "", about ? ": " : "", e->text,
            error_row(e->code)->name);
}
