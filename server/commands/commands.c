/* commands.c - functions that the sub-commands share. */
#include "server/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/errors.h"
#include "server/base/json_text.h"

bool command_names_file(const char *word)
{
    size_t length = strlen(word);
    return strchr(word, '/') || models_is_foreign(word) ||
           (length > 5 && strcmp(word + length - 5, ".json") == 0);
}

static void tell_foreign(void *arg, const char *path)
{
    struct err e = ERR_INIT;
    (void)arg;
    models_refuse_foreign(path, &e);
    fprintf(stderr, "upscaled: %s\n", e.text);
}

void command_tell_foreign(const struct options *o)
{
    models_each_foreign(o->models, tell_foreign, NULL);
}

struct models_source command_models_source(const struct options *o)
{
    return (struct models_source){o->models, o->kernels, options_model_limits(o), NULL};
}

/* What a person can do about an error whose sentence does not say so. */
static const struct {
    enum err_code code;
    const char *next;
} steps[] = {
    {ERR_NOT_PNG, "convert it to PNG first"},
    {ERR_PNG_UNSUPPORTED, "save it as an ordinary PNG"},
    {ERR_PNG_HEADER, "it is damaged: copy it again, or save the picture again"},
    {ERR_PNG_TRUNCATED, "it is damaged: copy it again, or save the picture again"},
    {ERR_PNG_CRC, "it is damaged: copy it again, or save the picture again"},
    {ERR_PNG_ZLIB, "it is damaged: copy it again, or save the picture again"},
    {ERR_PNG_CHUNK, "save the picture again with another program"},
    {ERR_PNG_LIMIT, "raise the limit if you trust the file"},
    {ERR_TOO_WIDE, "raise the limit if you trust the file"},
    {ERR_TOO_MANY_PIXELS, "raise the limit if you trust the file"},
    {ERR_BODY_TOO_LARGE, "raise the limit if you trust the file"},
    {ERR_OUTPUT_TOO_LARGE, "ask for a smaller output, or raise the limit"},
    {ERR_MODEL_LIMIT, "raise the limit if you trust the file"},
    {ERR_MODEL_JSON, "weights/FORMAT.md describes model files"},
    {ERR_MODEL, "weights/FORMAT.md describes model files"},
    {ERR_UNKNOWN_MODEL, "--models FOLDER adds models"},
    {ERR_MEMORY, "close other programs, or use fewer --threads"},
};

static const char *next_step(enum err_code code)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].code == code)
            return steps[i].next;
    return NULL;
}

void command_complain(const char *about, const struct err *e)
{
    const char *next = next_step(e->code);
    bool named = about && strstr(e->text, about);
    fprintf(stderr, "upscaled: %s%s%s%s%s (%s)\n", about && !named ? about : "",
            about && !named ? ": " : "", e->text, next ? "; " : "", next ? next : "",
            error_row(e->code)->name);
}

void command_no_model(const struct options *o, const struct err *e)
{
    command_complain(NULL, e);
    if (e->code == ERR_UNKNOWN_MODEL && !(o->model && models_is_foreign(o->model)))
        command_tell_foreign(o);
}

int command_print_json(json_t *o, size_t flags)
{
    struct err e = ERR_INIT;
    char *text = json_text(o, flags);
    if (!text) {
        err_set(&e, ERR_MEMORY, "out of memory for the output");
        command_complain(NULL, &e);
        return 1;
    }
    fputs(text, stdout);
    free(text);
    return 0;
}

int command_misused(const char *command, const struct err *e)
{
    command_complain(NULL, e);
    if (e->code == ERR_BAD_PARAMETER)
        fprintf(stderr, "`upscaled help %s` lists the options.\n", command);
    return e->code == ERR_MEMORY ? 1 : 2;
}
