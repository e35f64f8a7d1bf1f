/* models.h - the models of the program: those in the binary and those of a folder.
 *
 * A reload replaces all of them at once. Running requests keep the entries that they hold.
 * Threads: any. */
#ifndef UPSCALED_SERVER_MODELS_MODELS_H
#define UPSCALED_SERVER_MODELS_MODELS_H

#include "engine/base/pool.h"
#include "engine/tiles/chain.h"

/* A model ready to run. It lives until its last holder releases it. */
struct model_entry {
    struct model *model;
    struct plan *plan;
    char *path;              /* path of its file; NULL if the model is in the binary */
    struct model_list *list; /* the owner */
};

/* The models of one style, which differ in their factor: those whose files name the family, and the
 * one that has its name. It lives until its last holder releases it. */
struct model_family {
    const char *name;
    struct chain_set set;
    const struct model *first; /* the model with the family's name, otherwise the first by name */
    struct model_list *list;   /* the owner */
};

#define MODELS_DEFAULT "photo"

struct model_list; /* a set of models that were loaded together */
struct models;     /* holds the set that is in force */

/* Puts the kernels of that name (NULL: the best) in use, for networks and pixels, in the whole
 * program. Call it before other threads compute. ERR_BAD_PARAMETER names the kernels that this
 * processor has. */
enum err_code models_use_kernels(const char *name, struct err *e);

/* The sources of models beside the binary, and how the models run. */
struct models_source {
    const char *folder;  /* a folder of *.json files, but not *.info.json; NULL: none */
    const char *kernels; /* for models_use_kernels */
    struct model_limits limits;
    /* If not NULL, only this model or family is read; MODELS_DEFAULT is the default one. NULL: all
     * are read. */
    const char *only;
};

/* Loads the embedded models and those of the folder, and reserves the scratch of `pool` for them. A
 * model of the folder replaces an embedded one of the same name. If there is no model `only`, all
 * are loaded, so that models_get can name them. On ERR_OK the caller owns *out (models_free).
 * ERR_MODEL* names the file, the two files that have a model of the same name, or a model that has
 * the name of a family that it does not belong to. ERR_UNKNOWN_MODEL if there is no model at all.
 * ERR_BAD_PARAMETER if this processor does not have the kernels. ERR_IO, ERR_MEMORY. */
enum err_code models_new(struct pool *pool, const struct models_source *from, struct models **out,
                         struct err *e);
void models_free(struct models *m); /* NULL is fine */

/* models_prepare loads all models again and changes nothing. Then models_commit puts them in force,
 * or models_discard frees them (NULL is fine). The errors are those of models_new. */
enum err_code models_prepare(struct models *m, struct model_list **out, struct err *e);
void models_commit(struct models *m, struct model_list *fresh);
void models_discard(struct model_list *fresh);

/* Finds the model of that name. NULL is the default: `photo`, or else the first. The caller holds
 * it until models_release. ERR_UNKNOWN_MODEL names the models that exist. */
enum err_code models_get(struct models *m, const char *name, const struct model_entry **out,
                         struct err *e);
void models_release(const struct model_entry *entry); /* NULL is fine */

/* Finds the family of that name, or else the model of that name, as a family of one. NULL is the
 * default. The caller holds it until models_let_go. ERR_UNKNOWN_MODEL names what exists. */
enum err_code models_find(struct models *m, const char *name, const struct model_family **out,
                          struct err *e);
void models_let_go(const struct model_family *family); /* NULL is fine */

/* Reads one file as a model, which does not join the set. On ERR_OK the caller owns *out
 * (model_free). ERR_IO; ERR_MODEL* and ERR_MEMORY with the path. */
enum err_code models_read_file(const char *path, const struct model_limits *limits,
                               struct model **out, struct err *e);

/* Whether the name ends like a file of a trained network that upscaled-import can turn into a model
 * file. */
bool models_is_foreign(const char *name);

/* Reports such a name as ERR_MODEL. The sentence has the command that makes a model file of it. */
enum err_code models_refuse_foreign(const char *name, struct err *e);

/* Calls `each` for every such file in the folder that has no model file of the same name beside it.
 * NULL is no folder. */
void models_each_foreign(const char *folder, void (*each)(void *arg, const char *path), void *arg);

/* Describe all models, sorted by name, or one model, as JSON text with a final newline. The caller
 * frees it with free(). NULL if memory is out. */
char *models_json(struct models *m);
char *model_json(const struct model *m);

/* Call `each` for all models or families, sorted by name. */
void models_each(struct models *m, void (*each)(void *arg, const struct model *model), void *arg);
void models_each_family(struct models *m, void (*each)(void *arg, const struct model_family *f),
                        void *arg);

#endif
