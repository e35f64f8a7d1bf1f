/* model_json_refuse.c - writes the sentences that refuse a model file. */
#include "engine/nn/model_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"

enum { SENTENCE_BYTES = 320 };

/* Writes "STEM: PATH.KEY: sentence" in printable ASCII. */
static void __attribute__((format(printf, 4, 0)))
compose(const struct model_reader *r, char out[SENTENCE_BYTES], const char *key, const char *format,
        va_list args)
{
    int used = snprintf(out, SENTENCE_BYTES, "%.64s: %s%s%s: ", r->stem, r->path, key ? "." : "",
                        key ? key : "");
    if (used > 0 && used < SENTENCE_BYTES)
        vsnprintf(out + used, SENTENCE_BYTES - (size_t)used, format, args);
    for (char *p = out; *p; p++)
        if (*p < 0x20 || *p > 0x7e) /* file names and files may contain any bytes */
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

void reader_list(char *list, size_t bytes, const char *word)
{
    size_t used = strlen(list);
    snprintf(list + used, bytes - used, "%s%s", used ? ", " : "", word);
}
