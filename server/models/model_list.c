/* model_list.c - see model_list.h. */
#include "server/models/model_list.h"

#include <string.h>

const char *model_list_family(const struct model *m)
{
    return m->family ? m->family : m->name;
}

/* Returns the index of the family of that name, or the index at which it belongs. */
static int family_place(const struct model_list *list, const char *name, bool *there)
{
    int at = 0;
    while (at < list->family_count && strcmp(list->families[at].name, name) < 0)
        at++;
    *there = at < list->family_count && strcmp(list->families[at].name, name) == 0;
    return at;
}

static enum err_code join_family(struct model_list *list, const struct model_entry *entry,
                                 struct err *e)
{
    const struct model *m = entry->model;
    bool there;
    int at = family_place(list, model_list_family(m), &there);
    struct model_family *f = &list->families[at];
    if (!there) {
        memmove(f + 1, f, (size_t)(list->family_count - at) * sizeof *f);
        list->family_count++;
        *f = (struct model_family){.name = model_list_family(m), .first = m, .list = list};
    }
    if (f->set.count == CHAIN_SET_MOST)
        return err_set(e, ERR_MODEL_LIMIT, "more than %d models of the family %s", CHAIN_SET_MOST,
                       f->name);
    f->set.plans[f->set.count++] = entry->plan;
    if (strcmp(m->name, f->name) == 0)
        f->first = m;
    return ERR_OK;
}

/* Checks that no model has the name of a family that it does not belong to. A request with that
 * name would be ambiguous. */
static enum err_code check_families(const struct model_list *list, struct err *e)
{
    for (int i = 0; i < list->count; i++) {
        const struct model *m = list->entries[i].model;
        bool there;
        family_place(list, m->name, &there);
        if (there && strcmp(model_list_family(m), m->name) != 0)
            return err_set(e, ERR_MODEL,
                           "there is a family named %s, and a model of that name in the family %s",
                           m->name, m->family);
    }
    return ERR_OK;
}

enum err_code model_list_form(struct model_list *list, struct err *e)
{
    for (int i = 0; i < list->count; i++) {
        const struct model_entry *entry = &list->entries[i];
        list->alone[i] = (struct model_family){.name = entry->model->name,
                                               .set = chain_set_of(entry->plan),
                                               .first = entry->model,
                                               .list = list};
        enum err_code rc = join_family(list, entry, e);
        if (rc != ERR_OK)
            return rc;
    }
    return check_families(list, e);
}

bool model_list_wants(const struct models_wish *wish, const struct model_file *file,
                      const struct model_limits *limits)
{
    struct model_label label;
    return !wish->only || !model_read_label(file, limits, &label) ||
           strcmp(label.name, wish->only) == 0 || strcmp(label.family, wish->only) == 0 ||
           model_list_entry(wish->list, label.name);
}

const struct model_entry *model_list_entry(const struct model_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].model->name, name) == 0)
            return &list->entries[i];
    return NULL;
}

const struct model_family *model_list_find(const struct model_list *list, const char *name)
{
    bool there;
    int at = family_place(list, name, &there);
    const struct model_entry *entry = there ? NULL : model_list_entry(list, name);
    if (there)
        return &list->families[at];
    return entry ? &list->alone[entry - list->entries] : NULL;
}
