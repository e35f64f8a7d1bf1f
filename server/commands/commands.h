/* commands.h - the sub-commands. Each takes the arguments after its name and returns the status of
 * main: 0 for success, 1 for a failure, 2 for wrong arguments. */
#ifndef UPSCALED_SERVER_COMMANDS_COMMANDS_H
#define UPSCALED_SERVER_COMMANDS_COMMANDS_H

#include <jansson.h>
#include <stdbool.h>

#include "server/models/models.h"
#include "server/options/options.h"

int command_serve(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_models(int argc, char **argv);
int command_health(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_hash_key(int argc, char **argv);

/* Returns the source of models that --models, --kernels and the limits on models describe. */
struct models_source command_models_source(const struct options *o);

/* Reports on standard error which files in the folder --models are not model files, and how to make
 * models of them. */
void command_tell_foreign(const struct options *o);

/* Whether a word is the name of a file, not of a model: it has a slash, or the ending of a model
 * file. */
bool command_names_file(const char *word);

/* Prints "upscaled: ABOUT: SENTENCE; NEXT STEP (CODE)" on standard error. ABOUT may be NULL. It is
 * left out if the sentence names it. */
void command_complain(const char *about, const struct err *e);

/* Does the same for models that could not be had. If a model is unknown, also reports the files in
 * the folder --models of which models can be made. */
void command_no_model(const struct options *o, const struct err *e);

/* Prints JSON with a final newline on standard output, and frees it. If it is NULL, or there is no
 * memory for its text, reports that instead. Returns the status of main. */
int command_print_json(json_t *o, size_t flags);

/* Does the same as command_complain for options that could not be read, and names the command that lists
 * them. Returns the status of main. */
int command_misused(const char *command, const struct err *e);

#endif
