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
    char *path;              /* of its file; NULL if the model is in the binary */
    struct model_list *list; /* the owner */
};

/* The models of one style, which differ in their factor: those whose files name the family, and the
 * one that has its name. A family lives until its last holder releases it. */
struct model_family {
    const char *name;
    struct chain_set set;
    const struct model *first; /* the model with the family's name, otherwise the first by name */
    struct model_list *list;   /* the owner */
};

#define MODELS_DEFAULT "photo"

struct model_list; /* a set of models that were loaded together */
struct models;     /* holds the set that is in force */

/* Puts the kernels of that name (NULL: the best) in use, for networks and pixels alike, in the
 * whole program; before other threads compute. ERR_BAD_PARAMETER names those that this processor
 * has. */
enum err_code models_use_kernels(const char *name, struct err *e);

/* Where models come from beside the binary, and how they run. */
struct models_source {
    const char *folder;  /* of *.json files; NULL: none */
    const char *kernels; /* for models_use_kernels */
    struct model_limits limits;
    /* The model or family that is asked for: the others are not read; MODELS_DEFAULT: the default;
     * NULL: all are read. */
    const char *only;
};

/* Loads the embedded models and those of the folder, where a file's model replaces an embedded one
 * of the same name, and reserves `pool`'s scratch for them. ERR_MODEL* names the file, or both
 * files where two have a model of the same name, or a family that bears the name of another's
 * model; ERR_UNKNOWN_MODEL where there is no model at all; ERR_BAD_PARAMETER where this processor
 * has no such set of kernels. Where no model is `only`, all are loaded: models_get then names them.
 * On ERR_OK the caller owns *out. */
enum err_code models_new(struct pool *pool, const struct models_source *from, struct models **out,
                         struct err *e);
void models_free(struct models *m); /* NULL is fine */

/* models_prepare loads all models again. Nothing changes until models_commit puts them in force;
 * models_discard (NULL is fine) drops them. */
enum err_code models_prepare(struct models *m, struct model_list **out, struct err *e);
void models_commit(struct models *m, struct model_list *fresh);
void models_discard(struct model_list *fresh);

/* Finds the model of that name; NULL: the default, which is `photo` or else the first. The caller
 * holds it until models_release. ERR_UNKNOWN_MODEL names the models that exist. */
enum err_code models_get(struct models *m, const char *name, const struct model_entry **out,
                         struct err *e);
void models_release(const struct model_entry *entry); /* NULL is fine */

/* Finds the family of that name, or the model of that name, which is then alone; NULL: the default.
 * The caller holds it until models_let_go. ERR_UNKNOWN_MODEL names what exists. */
enum err_code models_find(struct models *m, const char *name, const struct model_family **out,
                          struct err *e);
void models_let_go(const struct model_family *family); /* NULL is fine */

/* Loads one file as a model, outside the set; the caller frees it by model_free. */
enum err_code models_read_file(const char *path, const struct model_limits *limits,
                               struct model **out, struct err *e);

/* Whether a name ends as files of trained networks do that upscaled-import turns into model
 * files. */
bool models_is_foreign(const char *name);

/* Says by which command; returns ERR_MODEL. The name is foreign. */
enum err_code models_refuse_foreign(const char *name, struct err *e);

/* Calls `each` for the foreign files of the folder that have no model file of their name beside
 * them. NULL is no folder. */
void models_each_foreign(const char *folder, void (*each)(void *arg, const char *path), void *arg);

/* Describe all models, sorted by name, or one, as JSON text with a final newline. free() it. NULL
 * when memory is out. */
char *models_json(struct models *m);
char *model_json(const struct model *m);

/* Call `each` for all models or families, sorted by name. */
void models_each(struct models *m, void (*each)(void *arg, const struct model *model), void *arg);
void models_each_family(struct models *m, void (*each)(void *arg, const struct model_family *f),
                        void *arg);

#endif
