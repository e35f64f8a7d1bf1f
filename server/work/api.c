/* api.c - see api.h. */
#include "server/work/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum err_code set_value(struct api_request *r, const char *value, struct err *e);

struct word {
    const char *name;
    int value;
};

/* Finds the value of a word in a table that ends with NULL. */
static bool find_word(const struct word *words, const char *name, int *value)
{
    for (; words->name; words++)
        if (strcmp(words->name, name) == 0) {
            *value = words->value;
            return true;
        }
    return false;
}

/* Reads a whole number of at most 9 digits. */
static bool read_whole(const char *text, int *out)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits] != 0)
        return false;
    *out = atoi(text);
    return true;
}

/* Reads digits with an optional point: no sign and no exponent, in every locale. */
static bool read_decimal(const char *text, double *out)
{
    size_t whole = strspn(text, "0123456789"), part = 0;
    if (whole == 0 || whole > 9)
        return false;
    double value = atoi(text), place = 1;
    if (text[whole] == '.') {
        part = strspn(text + whole + 1, "0123456789");
        if (part == 0 || part > 15)
            return false;
        double digits = 0;
        for (size_t i = 0; i < part; i++, place *= 10)
            digits = digits * 10 + (text[whole + 1 + i] - '0');
        value += digits / place;
        part++;
    }
    *out = value;
    return text[whole + part] == 0;
}

static enum err_code refuse(const char *name, const char *allowed, const char *value, struct err *e)
{
    return err_set(e, ERR_BAD_PARAMETER, "%s takes %s, not `%.64s`", name, allowed, value);
}

static enum err_code set_model(struct api_request *r, const char *value, struct err *e)
{
    if (*value == 0 || strlen(value) >= sizeof r->model_name)
        return refuse("model", "the name of a model (GET /v1/models lists them)", value, e);
    strcpy(r->model_name, value);
    return ERR_OK;
}

static enum err_code set_scale(struct api_request *r, const char *value, struct err *e)
{
    double scale;
    if (!read_decimal(value, &scale) || !(scale >= 1 && scale <= UPSCALE_MAX_FACTOR))
        return refuse("scale", "a number from 1 to 8", value, e);
    r->params.size.scale = scale;
    return ERR_OK;
}

static enum err_code set_side(int *side, const char *name, const char *value, struct err *e)
{
    if (!read_whole(value, side) || *side == 0)
        return refuse(name, "a number of pixels", value, e);
    return ERR_OK;
}

static enum err_code set_width(struct api_request *r, const char *value, struct err *e)
{
    return set_side(&r->params.size.width, "width", value, e);
}

static enum err_code set_height(struct api_request *r, const char *value, struct err *e)
{
    return set_side(&r->params.size.height, "height", value, e);
}

static enum err_code set_compression(struct api_request *r, const char *value, struct err *e)
{
    if (!read_whole(value, &r->params.compression) || r->params.compression > 9)
        return refuse("compression", "a number from 0 to 9", value, e);
    return ERR_OK;
}

static enum err_code set_metadata(struct api_request *r, const char *value, struct err *e)
{
    static const struct word words[] = {
        {"keep", METADATA_KEEP}, {"color", METADATA_COLOR}, {"none", METADATA_NONE}, {0, 0}};
    int found;
    if (!find_word(words, value, &found))
        return refuse("metadata", "keep, color or none", value, e);
    r->params.metadata = (enum png_metadata)found;
    return ERR_OK;
}

static enum err_code set_depth(struct api_request *r, const char *value, struct err *e)
{
    static const struct word words[] = {{"same", 0}, {"8", 8}, {"16", 16}, {0, 0}};
    if (!find_word(words, value, &r->params.depth))
        return refuse("depth", "same, 8 or 16", value, e);
    return ERR_OK;
}

static enum err_code set_edge(struct api_request *r, const char *value, struct err *e)
{
    static const struct word words[] = {{"replicate", BORDER_REPLICATE},
                                        {"reflect", BORDER_REFLECT},
                                        {"wrap", BORDER_WRAP},
                                        {"zero", BORDER_ZERO},
                                        {0, 0}};
    if (!find_word(words, value, &r->params.border))
        return refuse("edge", "replicate, reflect, wrap or zero", value, e);
    return ERR_OK;
}

static enum err_code set_alpha(struct api_request *r, const char *value, struct err *e)
{
    static const struct word words[] = {{"together", false}, {"separate", true}, {0, 0}};
    int found;
    if (!find_word(words, value, &found))
        return refuse("alpha", "together or separate", value, e);
    r->params.separate_alpha = found;
    return ERR_OK;
}

static const struct parameter {
    const char *name;
    set_value *set;
} parameters[] = {
    {"model", set_model},   {"scale", set_scale},       {"width", set_width},
    {"height", set_height}, {"metadata", set_metadata}, {"compression", set_compression},
    {"depth", set_depth},   {"edge", set_edge},         {"alpha", set_alpha},
};

const char *api_parameter(int index)
{
    return index < (int)(sizeof parameters / sizeof *parameters) ? parameters[index].name : NULL;
}

void api_request_init(struct api_request *r, const struct options *o)
{
    *r = (struct api_request){.params = {
                                  .size.scale = 2,
                                  .border = -1,
                                  .compression = 6,
                                  .metadata = METADATA_KEEP,
                                  .limits = options_png_limits(o),
                                  .max_output_pixels = (uint64_t)o->max_output_pixels,
                                  .max_output_bytes = (size_t)o->max_output_bytes,
                                  .max_whole_bytes = (size_t)o->max_whole_bytes,
                              }};
}

void api_request_done(struct api_request *r)
{
    models_let_go(r->model);
    r->model = NULL;
}

static enum err_code refuse_name(const char *name, struct err *e)
{
    char names[160] = "";
    size_t used = 0;
    for (unsigned i = 0; i < sizeof parameters / sizeof *parameters && used < sizeof names; i++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "",
                                 parameters[i].name);
    return err_set(e, ERR_BAD_PARAMETER, "unknown parameter `%.64s`; the parameters are: %s", name,
                   names);
}

enum err_code api_set(struct api_request *r, const char *name, const char *value, struct err *e)
{
    for (unsigned i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        if (strcmp(parameters[i].name, name) != 0)
            continue;
        if (r->seen & 1u << i)
            return err_set(e, ERR_BAD_PARAMETER, "%s is given twice", name);
        r->seen |= 1u << i;
        if (!value)
            return err_set(e, ERR_BAD_PARAMETER, "%s needs a value", name);
        return parameters[i].set(r, value, e);
    }
    return refuse_name(name, e);
}

static bool given(const struct api_request *r, const char *name)
{
    for (unsigned i = 0; i < sizeof parameters / sizeof *parameters; i++)
        if (strcmp(parameters[i].name, name) == 0)
            return r->seen & 1u << i;
    return false;
}

enum err_code api_finish(struct api_request *r, struct models *models, struct err *e)
{
    if (given(r, "scale") && (given(r, "width") || given(r, "height")))
        return err_set(e, ERR_BAD_PARAMETER, "scale excludes width and height");
    enum err_code rc = models_find(models, given(r, "model") ? r->model_name : NULL, &r->model, e);
    if (rc != ERR_OK)
        return rc;
    struct chain c;
    r->params.set = r->model->set;
    r->params.restores = given(r, "model");
    if (!given(r, "scale") && !chain_choose_factor(&r->params.set, 2, true, &c))
        r->params.size.scale = 1;
    return ERR_OK;
}
