/* model_list.h - a set of models that were loaded together, and the families that they form. Only
 * the files of server/models use this header.
 * Threads: a set never changes once it is in force, except for `holders`. */
#ifndef UPSCALED_SERVER_MODELS_MODEL_LIST_H
#define UPSCALED_SERVER_MODELS_MODEL_LIST_H

#include "server/models/models.h"

enum { MODELS_MAX = 256 };

struct model_list {
    int holders; /* under the mutex of `registry`, which itself counts as a holder */
    struct models *registry;
    int count;
    struct model_entry entries[MODELS_MAX];   /* sorted by name */
    struct model_family alone[MODELS_MAX];    /* a family of each entry alone */
    struct model_family families[MODELS_MAX]; /* sorted by name */
    int family_count;
};

/* The files to read: those of a model or a family, and those that replace a model of `list`. */
struct models_wish {
    const char *only; /* NULL: all */
    const struct model_list *list;
};

/* Whether the wish includes the file. It also includes a file that is wrong, so that reading it
 * reports the error. */
bool model_list_wants(const struct models_wish *wish, const struct model_file *file,
                      const struct model_limits *limits);

/* Reads a model file (in models_file.c) if the wish includes it; otherwise *out does not change. */
enum err_code models_read_wanted(const char *path, const struct model_limits *limits,
                                 const struct models_wish *wish, struct model **out, struct err *e);

/* Returns the name of the model's family, which is its own name if the file names none. */
const char *model_list_family(const struct model *m);

/* Forms the families of all entries. ERR_MODEL if a model has the name of a family that it does not
 * belong to; ERR_MODEL_LIMIT. */
enum err_code model_list_form(struct model_list *list, struct err *e);

/* Return the model, and the family, of that name, or NULL. For a model whose name is not that of a
 * family, the family is the model alone. */
const struct model_entry *model_list_entry(const struct model_list *list, const char *name);
const struct model_family *model_list_find(const struct model_list *list, const char *name);

#endif
