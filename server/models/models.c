/* models.c - see models.h. */
#include "server/models/models.h"

#include <dirent.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/base/vector_unit.h"
#include "engine/upscale.h"
#include "server/base/file.h"
#include "server/models/embedded.h"
#include "server/models/model_list.h"

struct models {
    pthread_mutex_t mutex;
    struct model_list *list;
    struct pool *pool;
    char *folder;
    struct model_limits limits;
};

static void entry_done(struct model_entry *entry)
{
    plan_free(entry->plan);
    model_free(entry->model);
    mem_free(entry->path);
}

static void list_free(struct model_list *list)
{
    for (int i = 0; list && i < list->count; i++)
        entry_done(&list->entries[i]);
    mem_free(list);
}

static void list_release(struct model_list *list)
{
    struct models *m = list->registry;
    pthread_mutex_lock(&m->mutex);
    bool last = --list->holders == 0;
    pthread_mutex_unlock(&m->mutex);
    if (last)
        list_free(list);
}

/* Returns the index of the model of that name, or the index at which it belongs. */
static int place_of(const struct model_list *list, const char *name, bool *taken)
{
    int at = 0;
    while (at < list->count && strcmp(list->entries[at].model->name, name) < 0)
        at++;
    *taken = at < list->count && strcmp(list->entries[at].model->name, name) == 0;
    return at;
}

/* Fills in the rest of an entry that has its model. */
static enum err_code prepare(struct model_entry *entry, const char *path, struct err *e)
{
    if (path && !(entry->path = mem_strdup(path)))
        return err_set(e, ERR_MEMORY, "out of memory for the models");
    return plan_new(entry->model, kernels_used(), &entry->plan, e);
}

/* Adds a model, and owns it from now on. It replaces a model of the same name that is in the
 * binary. */
static enum err_code list_add(struct model_list *list, struct model *model, const char *path,
                              struct err *e)
{
    struct model_entry fresh = {.model = model, .list = list};
    bool same;
    int at = place_of(list, model->name, &same);
    struct model_entry *entry = &list->entries[at];
    enum err_code rc;
    if (same && entry->path)
        rc = err_set(e, ERR_MODEL, "%.100s and %.100s both have a model named %s", entry->path,
                     path, model->name);
    else if (!same && list->count == MODELS_MAX)
        rc = err_set(e, ERR_MODEL_LIMIT, "there are more than %d models", MODELS_MAX);
    else
        rc = prepare(&fresh, path, e);
    if (rc != ERR_OK) {
        entry_done(&fresh);
        return rc;
    }
    if (same) {
        entry_done(entry);
    } else {
        memmove(entry + 1, entry, (size_t)(list->count - at) * sizeof *entry);
        list->count++;
    }
    *entry = fresh;
    return ERR_OK;
}

static enum err_code add_embedded(struct model_list *list, const struct model_limits *limits,
                                  const char *only, struct err *e)
{
    const struct models_wish wish = {only, list};
    enum err_code rc = ERR_OK;
    for (int i = 0; i < embedded_count && rc == ERR_OK; i++) {
        const struct embedded_model *em = &embedded_models[i];
        const struct model_file file = {em->stem, em->bytes, em->length, em->sha256};
        struct model *model = NULL;
        if (!model_list_wants(&wish, &file, limits))
            continue;
        rc = model_read(&file, limits, &model, e);
        if (rc == ERR_OK)
            rc = list_add(list, model, NULL, e);
    }
    return rc;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), most = strlen(end);
    return length > most && strcmp(name + length - most, end) == 0;
}

/* NAME.info.json describes NAME.json, as in the folder `weights` of the sources; it is no model. */
static int is_model(const struct dirent *d)
{
    const char *name = d->d_name;
    return name[0] != '.' && ends_with(name, ".json") && !ends_with(name, ".info.json");
}

static enum err_code add_folder(struct model_list *list, const struct models *m, const char *only,
                                struct err *e)
{
    const struct models_wish wish = {only, list};
    struct dirent **names;
    int count = scandir(m->folder, &names, is_model, alphasort);
    if (count < 0)
        return file_complain("read models in", m->folder, e);
    enum err_code rc = ERR_OK;
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct model *model = NULL;
        if (rc == ERR_OK) {
            snprintf(path, sizeof path, "%s/%s", m->folder, names[i]->d_name);
            rc = file_must_be_regular(path, e);
            if (rc == ERR_OK)
                rc = models_read_wanted(path, &m->limits, &wish, &model, e);
        }
        if (model)
            rc = list_add(list, model, path, e);
        free(names[i]);
    }
    free(names);
    return rc;
}

static enum err_code reserve_for(struct pool *pool, const struct chain_set *set, struct err *e)
{
    size_t bytes;
    enum err_code rc = upscale_scratch_bytes(set, &bytes, e);
    return rc == ERR_OK ? pool_reserve(pool, bytes, e) : rc;
}

static enum err_code reserve(struct pool *pool, const struct model_list *list, struct err *e)
{
    enum err_code rc = ERR_OK;
    for (int i = 0; i < list->count && rc == ERR_OK; i++)
        rc = reserve_for(pool, &list->alone[i].set, e);
    for (int i = 0; i < list->family_count && rc == ERR_OK; i++)
        rc = reserve_for(pool, &list->families[i].set, e);
    return rc;
}

static enum err_code read_all(struct models *m, struct model_list *list, const char *only,
                              struct err *e)
{
    enum err_code rc = add_embedded(list, &m->limits, only, e);
    return rc == ERR_OK && m->folder ? add_folder(list, m, only, e) : rc;
}

static enum err_code load(struct models *m, const char *only, struct model_list **out,
                          struct err *e)
{
    struct model_list *list = mem_calloc(1, sizeof *list);
    if (!list)
        return err_set(e, ERR_MEMORY, "out of memory for the list of models");
    list->registry = m;
    list->holders = 1;
    enum err_code rc = read_all(m, list, only, e);
    if (rc == ERR_OK && list->count == 0 && only)
        rc = read_all(m, list, NULL, e);
    if (rc == ERR_OK && list->count == 0)
        rc = err_set(e, ERR_UNKNOWN_MODEL, "there is no model (see --models)");
    if (rc == ERR_OK)
        rc = model_list_form(list, e);
    if (rc == ERR_OK)
        rc = reserve(m->pool, list, e);
    if (rc != ERR_OK) {
        list_free(list);
        return rc;
    }
    *out = list;
    return ERR_OK;
}

/* Writes the names of this processor's vector units to `text`, and returns it. */
static const char *unit_names(char *text, size_t size)
{
    enum vector_unit unit;
    size_t used = 0;
    text[0] = '\0';
    for (int k = 0; (unit = vector_unit_at(k)) != UNITS && used < size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", k ? ", " : "",
                                 vector_unit_name(unit));
    return text;
}

enum err_code models_use_kernels(const char *name, struct err *e)
{
    char names[64];
    if (vector_unit_use(name))
        return ERR_OK;
    return err_set(e, ERR_BAD_PARAMETER,
                   "this CPU does not have the kernels `%.64s`; it has %s (--kernels)", name,
                   unit_names(names, sizeof names));
}

enum err_code models_new(struct pool *pool, const struct models_source *from, struct models **out,
                         struct err *e)
{
    struct models *m = mem_calloc(1, sizeof *m);
    if (!m)
        return err_set(e, ERR_MEMORY, "out of memory for the models");
    pthread_mutex_init(&m->mutex, NULL);
    m->pool = pool;
    m->limits = from->limits;
    enum err_code rc = models_use_kernels(from->kernels, e);
    if (rc == ERR_OK && from->folder && !(m->folder = mem_strdup(from->folder)))
        rc = err_set(e, ERR_MEMORY, "out of memory for the models");
    if (rc == ERR_OK)
        rc = load(m, from->only, &m->list, e);
    if (rc != ERR_OK) {
        models_free(m);
        return rc;
    }
    *out = m;
    return ERR_OK;
}

void models_free(struct models *m)
{
    if (!m)
        return;
    if (m->list)
        list_release(m->list);
    pthread_mutex_destroy(&m->mutex);
    mem_free(m->folder);
    mem_free(m);
}

enum err_code models_prepare(struct models *m, struct model_list **out, struct err *e)
{
    return load(m, NULL, out, e);
}

void models_commit(struct models *m, struct model_list *fresh)
{
    pthread_mutex_lock(&m->mutex);
    struct model_list *old = m->list;
    m->list = fresh;
    pthread_mutex_unlock(&m->mutex);
    list_release(old);
}

void models_discard(struct model_list *fresh)
{
    list_free(fresh);
}

static struct model_list *hold_list(struct models *m)
{
    pthread_mutex_lock(&m->mutex);
    struct model_list *list = m->list;
    list->holders++;
    pthread_mutex_unlock(&m->mutex);
    return list;
}

static size_t add_name(char *names, size_t used, size_t size, const char *name)
{
    if (used + strlen(name) + 3 > size)
        return used;
    return used + (size_t)snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
}

static enum err_code unknown(const struct model_list *list, const char *name, struct err *e)
{
    char names[200] = "";
    size_t used = 0;
    if (models_is_foreign(name)) {
        struct err how = ERR_INIT;
        models_refuse_foreign(name, &how);
        return err_set(e, ERR_UNKNOWN_MODEL, "%s", how.text);
    }
    for (int i = 0; i < list->family_count; i++)
        used = add_name(names, used, sizeof names, list->families[i].name);
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].model->name, model_list_family(list->entries[i].model)) != 0)
            used = add_name(names, used, sizeof names, list->entries[i].model->name);
    return err_set(e, ERR_UNKNOWN_MODEL, "there is no model `%.64s`; there are: %s", name, names);
}

enum err_code models_get(struct models *m, const char *name, const struct model_entry **out,
                         struct err *e)
{
    struct model_list *list = hold_list(m);
    const struct model_entry *entry = model_list_entry(list, name ? name : MODELS_DEFAULT);
    if (!entry && !name)
        entry = &list->entries[0];
    if (!entry) {
        enum err_code rc = unknown(list, name, e);
        list_release(list);
        return rc;
    }
    *out = entry;
    return ERR_OK;
}

void models_release(const struct model_entry *entry)
{
    if (entry)
        list_release(entry->list);
}

enum err_code models_find(struct models *m, const char *name, const struct model_family **out,
                          struct err *e)
{
    struct model_list *list = hold_list(m);
    const struct model_family *f = model_list_find(list, name ? name : MODELS_DEFAULT);
    if (!f && !name)
        f = model_list_find(list, model_list_family(list->entries[0].model));
    if (!f) {
        enum err_code rc = unknown(list, name, e);
        list_release(list);
        return rc;
    }
    *out = f;
    return ERR_OK;
}

void models_let_go(const struct model_family *family)
{
    if (family)
        list_release(family->list);
}

void models_each(struct models *m, void (*each)(void *arg, const struct model *model), void *arg)
{
    struct model_list *list = hold_list(m);
    for (int i = 0; i < list->count; i++)
        each(arg, list->entries[i].model);
    list_release(list);
}

void models_each_family(struct models *m, void (*each)(void *arg, const struct model_family *f),
                        void *arg)
{
    struct model_list *list = hold_list(m);
    for (int i = 0; i < list->family_count; i++)
        each(arg, &list->families[i]);
    list_release(list);
}
