/* models_json.c - describes models as the API does; see models.h. */
#include "engine/upscale.h"
#include "server/base/json_text.h"
#include "server/models/models.h"

static const char *const borders[] = {
    [BORDER_REPLICATE] = "replicate", [BORDER_REFLECT] = "reflect", [BORDER_WRAP] = "wrap",
    [BORDER_ZERO] = "zero",           [BORDER_MODEL] = "model",
};

static void set_text(json_t **o, const char *key, const char *value)
{
    if (value)
        json_put(o, key, json_string(value));
}

/* Adds an object of the model file, which is kept as text. */
static void set_json(json_t **o, const char *key, const char *text)
{
    if (text)
        json_put(o, key, json_parse(text));
}

/* Returns the factors that chains of the set make without reduction. */
static json_t *scales(const struct chain_set *set)
{
    json_t *list = json_array();
    json_add(&list, json_integer(1));
    for (int s = 2; s <= UPSCALE_MAX_FACTOR; s++) {
        struct chain c;
        if (chain_choose_factor(set, s, true, &c) && chain_factor(&c) == s)
            json_add(&list, json_integer(s));
    }
    return list;
}

/* Returns 1, the factor of a model and the powers of the factor. */
static json_t *powers(int scale)
{
    json_t *list = json_array();
    json_add(&list, json_integer(1));
    for (int s = scale; scale > 1 && s <= UPSCALE_MAX_FACTOR; s *= scale)
        json_add(&list, json_integer(s));
    return list;
}

static json_t *describe(const struct model *m)
{
    json_t *o = json_object();
    set_text(&o, "name", m->name);
    set_text(&o, "family", m->family ? m->family : m->name);
    json_put(&o, "scale", json_integer(m->scale));
    json_put(&o, "scales", powers(m->scale));
    set_text(&o, "color", m->color == COLOR_Y ? "y" : "rgb");
    set_text(&o, "border", borders[m->border]);
    json_put(&o, "layers", json_integer(m->layer_count));
    json_put(&o, "parameters", json_integer((json_int_t)m->parameters));
    json_put(&o, "halo", json_integer(m->geometry.halo));
    json_put(&o, "macs_per_pixel", json_real(m->geometry.macs_per_pixel));
    set_text(&o, "sha256", m->sha256);
    set_text(&o, "license", m->license);
    set_text(&o, "description", m->description);
    set_json(&o, "trained", m->trained_json);
    set_json(&o, "scores", m->scores_json);
    return o;
}

char *model_json(const struct model *m)
{
    return json_text(describe(m), JSON_INDENT(2));
}

static void append(void *arg, const struct model *m)
{
    json_add(arg, describe(m));
}

/* Returns the chains by factor: for each factor, the names of its models in order. */
static json_t *chains(const struct chain_set *set)
{
    json_t *o = json_object();
    for (int s = 1; s <= UPSCALE_MAX_FACTOR; s++) {
        struct chain c;
        char factor[2] = {(char)('0' + s), 0};
        json_t *names = json_array();
        if (!chain_choose_factor(set, s, true, &c))
            c.count = 0;
        for (int k = 0; k < c.count; k++)
            json_add(&names, json_string(plan_model(c.plans[k])->name));
        if (c.count > 0)
            json_put(&o, factor, names);
        else
            json_decref(names);
    }
    return o;
}

static void append_family(void *arg, const struct model_family *f)
{
    json_t *o = json_object(), *names = json_array();
    for (int i = 0; i < f->set.count; i++)
        json_add(&names, json_string(plan_model(f->set.plans[i])->name));
    set_text(&o, "name", f->name);
    set_text(&o, "description", f->first->description);
    json_put(&o, "models", names);
    json_put(&o, "scale", json_integer(f->first->scale));
    json_put(&o, "scales", scales(&f->set));
    json_put(&o, "chains", chains(&f->set));
    json_add(arg, o);
}

char *models_json(struct models *m)
{
    json_t *list = json_array(), *families = json_array();
    const struct model_family *chosen = NULL;
    models_each(m, append, &list);
    models_each_family(m, append_family, &families);
    models_find(m, NULL, &chosen, NULL); /* a default always exists */
    json_t *o =
        json_pack("{s:s, s:o, s:o}", "default", chosen->name, "families", families, "models", list);
    models_let_go(chosen);
    return json_text(o, JSON_INDENT(2));
}
