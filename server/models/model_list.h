/* model_list.h - a set of models that were loaded together, and the families that they form. Only
 * the files of server/models use this header.
 * Threads: a set never changes once it is in force, except for `holders`. */
#ifndef UPSCALED_SERVER_MODELS_MODEL_LIST_H
#define UPSCALED_SERVER_MODELS_MODEL_LIST_H

#include "server/models/models.h"

enum { MODELS_MAX = 256 };

struct model_list {
    int holders; /* under the mutex of `registry`, which counts as a holder */
    struct models *registry;
    int count;
    struct model_entry entries[MODELS_MAX];   /* sorted by name */
    struct model_family alone[MODELS_MAX];    /* of each entry: that file and no other */
    struct model_family families[MODELS_MAX]; /* sorted by name */
    int family_count;
};

/* The name of a model's family: its own where the file names none. */
const char *model_list_family(const struct model *m);

/* Forms the families of all entries. ERR_MODEL, ERR_MODEL_LIMIT. */
enum err_code model_list_form(struct model_list *list, struct err *e);

/* The model or family of that name, or NULL. A model that is no family is one alone. */
const struct model_entry *model_list_entry(const struct model_list *list, const char *name);
const struct model_family *model_list_find(const struct model_list *list, const char *name);

#endif
