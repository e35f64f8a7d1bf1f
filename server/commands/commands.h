/* commands.h - the sub-commands. Each gets the arguments after its name and gives main's status:
 * 0 done, 1 something failed, 2 it was called wrongly. */
#ifndef UPSCALED_SERVER_COMMANDS_COMMANDS_H
#define UPSCALED_SERVER_COMMANDS_COMMANDS_H

#include <stdbool.h>

int command_serve(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_models(int argc, char **argv);
int command_health(int argc, char **argv);
int command_bench(int argc, char **argv);

/* Whether a word names a file and no model: it has a slash, or ends in .json. */
bool command_names_file(const char *word);
int command_hash_key(int argc, char **argv);

/* Prints "upscaled: ABOUT: SENTENCE; NEXT STEP (CODE)" on stderr; ABOUT, which may be NULL, only
 * where the sentence does not name it. */
struct err;
void command_complain(const char *about, const struct err *e);

/* The same of options that could not be read, and where to look them up. */
void command_misused(const char *command, const struct err *e);

#endif
