/* model_json_value.c - reads single values of a model file, and makes room for its layers. */
#include "engine/nn/model_json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"

static bool fits_int(const json_t *value, int least)
{
    return json_is_integer(value) && json_integer_value(value) >= least &&
           json_integer_value(value) <= INT_MAX;
}

enum err_code reader_int(const struct model_reader *r, const char *key, const json_t *value,
                         int least, int *out)
{
    if (!fits_int(value, least))
        return reader_refuse(r, ERR_MODEL, key, "a whole number from %d expected, not %s", least,
                             reader_found(value).text);
    *out = (int)json_integer_value(value);
    return ERR_OK;
}

enum err_code reader_pair(const struct model_reader *r, const char *key, const json_t *value,
                          int least, struct pair *out)
{
    const json_t *y = value, *x = value;
    if (json_is_array(value) && json_array_size(value) == 2) {
        y = json_array_get(value, 0);
        x = json_array_get(value, 1);
    }
    if (!fits_int(y, least) || !fits_int(x, least))
        return reader_refuse(r, ERR_MODEL, key,
                             "a whole number from %d or a list [y, x] of two expected, not %s",
                             least, reader_found(fits_int(y, least) ? x : y).text);
    *out = (struct pair){(int)json_integer_value(y), (int)json_integer_value(x)};
    return ERR_OK;
}

enum err_code reader_float(const struct model_reader *r, const char *key, const json_t *value,
                           float *out)
{
    float number = (float)json_number_value(value);
    if (!json_is_number(value) || !isfinite(number))
        return reader_refuse(r, ERR_MODEL, key, "a number that float32 can hold expected, not %s",
                             reader_found(value).text);
    *out = number;
    return ERR_OK;
}

enum err_code reader_bool(const struct model_reader *r, const char *key, const json_t *value,
                          bool *out)
{
    if (!json_is_boolean(value))
        return reader_refuse(r, ERR_MODEL, key, "true or false expected, not %s",
                             reader_found(value).text);
    *out = json_is_true(value);
    return ERR_OK;
}

enum err_code reader_word(const struct model_reader *r, const char *key, const json_t *value,
                          const char *const *words, int *out)
{
    char list[128] = "";
    const char *word = json_string_value(value);
    for (int i = 0; words[i]; i++) {
        if (word && strcmp(word, words[i]) == 0) {
            *out = i;
            return ERR_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s\"%s\"", i ? ", " : "", words[i]);
    }
    return reader_refuse(r, ERR_MODEL, key, "%s%s expected, not %s", words[1] ? "one of " : "",
                         list, reader_found(value).text);
}

enum err_code reader_text(const struct model_reader *r, const char *key, const json_t *value,
                          size_t most, char **out)
{
    if (!json_is_string(value) || json_string_length(value) > most)
        return reader_refuse(r, ERR_MODEL, key, "a text of at most %zu bytes expected, not %s",
                             most, reader_found(value).text);
    *out = mem_strdup(json_string_value(value));
    return *out ? ERR_OK : reader_no_memory(r);
}

bool reader_name_fits(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t length = strlen(name);
    return length >= 1 && length <= MODEL_NAME_BYTES && strspn(name, letters) == length &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0; /* names are part of addresses */
}

enum err_code reader_name(const struct model_reader *r, const char *key, const json_t *value,
                          char **out)
{
    if (!json_is_string(value) || !reader_name_fits(json_string_value(value)))
        return reader_refuse(r, ERR_MODEL, key,
                             "a name of 1 to %d of A-Z a-z 0-9 . _ - expected, not %s",
                             MODEL_NAME_BYTES, reader_found(value).text);
    return reader_text(r, key, value, MODEL_NAME_BYTES, out);
}

enum err_code reader_room(struct model_reader *r, const char *key, size_t count)
{
    size_t most = (size_t)r->limits->max_layers;
    if (count > most)
        return reader_refuse_limit(r, "max-model-layers", most, key,
                                   "at most %zu layers expected, not %zu", most, count);
    r->model->layers = mem_calloc(count, sizeof *r->model->layers);
    if (!r->model->layers)
        return reader_no_memory(r);
    r->model->layer_count = (int)count;
    return ERR_OK;
}
