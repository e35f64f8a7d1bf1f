/* commands.h - the sub-commands. Each takes the arguments after its name and returns main's status:
 * 0 done, 1 something failed, 2 it was called wrongly. */
#ifndef UPSCALED_SERVER_COMMANDS_COMMANDS_H
#define UPSCALED_SERVER_COMMANDS_COMMANDS_H

#include <stdbool.h>

#include "server/models/models.h"
#include "server/options/options.h"

int command_serve(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_models(int argc, char **argv);
int command_health(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_hash_key(int argc, char **argv);

/* Where --models, --kernels and the limits on models say that models come from. */
struct models_source command_models_source(const struct options *o);

/* Says on standard error what the folder --models has beside model files, and how to make models of
 * it. */
void command_tell_foreign(const struct options *o);

/* Whether a word names a file, not a model: it has a slash, or ends as files of models do. */
bool command_names_file(const char *word);

/* Prints "upscaled: ABOUT: SENTENCE; NEXT STEP (CODE)" on standard error. ABOUT, which may be NULL,
 * is left out where the sentence names it. */
void command_complain(const char *about, const struct err *e);

/* The same for options that could not be read; it also says where to look them up. */
void command_misused(const char *command, const struct err *e);

#endif
