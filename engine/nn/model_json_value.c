/* model_json_value.c - single values of a model file, and the sentences that refuse them. */
#include "engine/nn/model_json.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"

enum { SENTENCE_BYTES = 320, NAME_BYTES = 64 };

/* "STEM: PATH.KEY: sentence", printable. */
static void __attribute__((format(printf, 4, 0)))
compose(const struct model_reader *r, char out[SENTENCE_BYTES], const char *key, const char *format,
        va_list args)
{
    int used = snprintf(out, SENTENCE_BYTES, "%.64s: %s%s%s: ", r->stem, r->path, key ? "." : "",
                        key ? key : "");
    if (used > 0 && used < SENTENCE_BYTES)
        vsnprintf(out + used, SENTENCE_BYTES - (size_t)used, format, args);
    for (char *p = out; *p; p++)
        if (*p < 0x20 || *p > 0x7e) /* file names and files say what they like */
            *p = '?';
}

enum err_code reader_refuse(const struct model_reader *r, enum err_code code, const char *key,
                            const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;
    va_start(args, format);
    compose(r, sentence, key, format, args);
    va_end(args);
    return err_set(r->e, code, "%s", sentence);
}

enum err_code reader_refuse_limit(const struct model_reader *r, const char *option, uint64_t limit,
                                  const char *key, const char *format, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;
    va_start(args, format);
    compose(r, sentence, key, format, args);
    va_end(args);
    return err_set_limit(r->e, ERR_MODEL_LIMIT, option, limit, "%s (--%s)", sentence, option);
}

enum err_code reader_refuse_text(const struct model_reader *r, size_t offset, const char *sentence)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; i < offset && i < r->length; i++)
        if (r->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    char place[PATH_BYTES];
    snprintf(place, sizeof place, "line %zu column %zu", line, offset - start + 1);
    struct model_reader at = {.stem = r->stem, .e = r->e};
    memcpy(at.path, place, sizeof place);
    return reader_refuse(&at, ERR_MODEL_JSON, NULL, "%s", sentence);
}

enum err_code reader_no_memory(const struct model_reader *r)
{
    return err_set(r->e, ERR_MEMORY, "%.64s: no memory to load the model", r->stem);
}

struct found reader_found(const json_t *value)
{
    struct found f;
    switch (json_typeof(value)) {
    case JSON_STRING:
        snprintf(f.text, sizeof f.text, "\"%.40s\"", json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(f.text, sizeof f.text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        snprintf(f.text, sizeof f.text, "%.9g", json_real_value(value));
        break;
    case JSON_ARRAY:
        snprintf(f.text, sizeof f.text, "a list");
        break;
    case JSON_OBJECT:
        snprintf(f.text, sizeof f.text, "an object");
        break;
    default:
        snprintf(f.text, sizeof f.text, "%s",
                 json_is_null(value)   ? "null"
                 : json_is_true(value) ? "true"
                                       : "false");
    }
    return f;
}

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
    return length >= 1 && length <= NAME_BYTES && strspn(name, letters) == length &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0; /* they are part of addresses */
}

enum err_code reader_name(const struct model_reader *r, const char *key, const json_t *value,
                          char **out)
{
    if (!json_is_string(value) || !reader_name_fits(json_string_value(value)))
        return reader_refuse(r, ERR_MODEL, key,
                             "a name of 1 to %d of A-Z a-z 0-9 . _ - expected, not %s", NAME_BYTES,
                             reader_found(value).text);
    return reader_text(r, key, value, NAME_BYTES, out);
}
