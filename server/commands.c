/* commands.c - what the sub-commands share. */
#include "server/commands.h"

#include <stdio.h>
#include <string.h>

#include "server/errors.h"

bool command_names_file(const char *word)
{
    size_t length = strlen(word);
    return strchr(word, '/') || (length > 5 && strcmp(word + length - 5, ".json") == 0);
}

void command_complain(const char *about, const struct err *e)
{
    fprintf(stderr, "upscaled: %s%s%s (%s)\n", about ? about : "", about ? ": " : "", e->text,
            error_row(e->code)->name);
}
