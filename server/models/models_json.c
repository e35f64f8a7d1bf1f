/* models_json.c - models as the API describes them. */
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

/* The factors that need no reduction: without the network, with it, and with it repeated. */
static json_t *scales(int scale)
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
    json_put(&o, "scale", json_integer(m->scale));
    json_put(&o, "scales", scales(m->scale));
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

char *models_json(struct models *m)
{
    json_t *list = json_array();
    const struct model_entry *chosen = NULL;
    models_each(m, append, &list);
    models_get(m, NULL, &chosen, NULL); /* a default always exists */
    json_t *o = json_pack("{s:s, s:o}", "default", chosen->model->name, "models", list);
    models_release(chosen);
    return json_text(o, JSON_INDENT(2));
}
