/* model_json.c - reads a model from the bytes of a file: `upscaled-model/1` and waifu2x's JSON.
 *
 * The peak memory of model_read, beside the bytes of the file, which belong to the caller, is
 *
 *     4 bytes per parameter + 5 x text + 512 bytes per value
 *
 * Text and values are those of the skeleton (model_json.h), which has no weights. In practice they
 * are some kilobytes. The text is at most 1 MiB + 4 KiB per layer of the limit, and the values are
 * at most 16384 + 64 per layer of the limit. By default this is 4 x max_parameters + 65 MiB,
 * whatever the file contains. The text counts five times: the text itself, Jansson's buffer for a
 * string, the buffer that it replaced, the string, and room to grow. Everything except the model is
 * freed before model_read returns. Jansson allocates with malloc, watched by json_watch.h. */
#include "engine/nn/model_json.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"
#include "engine/nn/json_watch.h"
#include "engine/nn/model_json_digest.h"

static const char format_name[] = "upscaled-model/1";

enum { TEXT_BYTES = 4096 };

static enum err_code read_format(struct model_reader *r, const char *key, const json_t *value)
{
    if (!json_is_string(value) || strcmp(json_string_value(value), format_name) != 0)
        return reader_refuse(r, ERR_MODEL, key, "\"%s\" expected, not %s", format_name,
                             reader_found(value).text);
    return ERR_OK;
}

static enum err_code read_name(struct model_reader *r, const char *key, const json_t *value)
{
    return reader_name(r, key, value, &r->model->name);
}

static enum err_code read_family(struct model_reader *r, const char *key, const json_t *value)
{
    return reader_name(r, key, value, &r->model->family);
}

static enum err_code read_scale(struct model_reader *r, const char *key, const json_t *value)
{
    return reader_int(r, key, value, 1, &r->model->scale);
}

static enum err_code read_color(struct model_reader *r, const char *key, const json_t *value)
{
    static const char *const words[] = {"y", "rgb", NULL};
    int word = 0;
    enum err_code rc = reader_word(r, key, value, words, &word);
    r->model->color = (enum model_color)word;
    return rc;
}

static enum err_code read_border(struct model_reader *r, const char *key, const json_t *value)
{
    static const char *const words[] = {"replicate", "reflect", "wrap", "zero", "model", NULL};
    int word = 0;
    enum err_code rc = reader_word(r, key, value, words, &word);
    r->model->border = (enum model_border)word;
    return rc;
}

static enum err_code read_license(struct model_reader *r, const char *key, const json_t *value)
{
    return reader_text(r, key, value, TEXT_BYTES, &r->model->license);
}

static enum err_code read_description(struct model_reader *r, const char *key, const json_t *value)
{
    return reader_text(r, key, value, TEXT_BYTES, &r->model->description);
}

/* Keeps an object as text. 15 digits reproduce the numbers that people wrote: 37.18, not
 * 37.1799. */
static enum err_code keep_object(struct model_reader *r, const char *key, const json_t *value,
                                 char **out)
{
    if (!json_is_object(value))
        return reader_refuse(r, ERR_MODEL, key, "an object expected, not %s",
                             reader_found(value).text);
    json_watch();
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15));
    *out = text && !json_watch_failed() ? mem_strdup(text) : NULL;
    free(text);
    return *out ? ERR_OK : reader_no_memory(r);
}

static enum err_code read_trained(struct model_reader *r, const char *key, const json_t *value)
{
    return keep_object(r, key, value, &r->model->trained_json);
}

static enum err_code read_scores(struct model_reader *r, const char *key, const json_t *value)
{
    return keep_object(r, key, value, &r->model->scores_json);
}

static enum err_code read_layers(struct model_reader *r, const char *key, const json_t *value)
{
    (void)key;
    return reader_layers(r, value);
}

static const struct head {
    const char *key;
    bool required;
    enum err_code (*read)(struct model_reader *r, const char *key, const json_t *value);
} heads[] = {
    {"format", true, read_format},    {"name", false, read_name},
    {"family", false, read_family},   {"scale", true, read_scale},
    {"color", true, read_color},      {"border", false, read_border},
    {"license", false, read_license}, {"description", false, read_description},
    {"trained", false, read_trained}, {"scores", false, read_scores},
    {"layers", true, read_layers},
};
enum { HEADS = sizeof heads / sizeof *heads };

static enum err_code refuse_unknown_heads(struct model_reader *r, const json_t *root)
{
    void *i = json_object_iter((json_t *)root); /* it only reads */
    for (; i; i = json_object_iter_next((json_t *)root, i)) {
        const char *name = json_object_iter_key(i);
        int k = 0;
        while (k < HEADS && strcmp(name, heads[k].key) != 0)
            k++;
        if (k < HEADS)
            continue;
        char list[200] = "", quoted[40];
        for (k = 0; k < HEADS; k++)
            reader_list(list, sizeof list, heads[k].key);
        snprintf(quoted, sizeof quoted, "%.32s", name);
        return reader_refuse(r, ERR_MODEL, quoted, "a model has no such key; it has %s", list);
    }
    return ERR_OK;
}

static enum err_code read_object(struct model_reader *r, const json_t *root)
{
    enum err_code rc = ERR_OK;
    for (int k = 0; !rc && k < HEADS; k++) {
        const json_t *value = json_object_get(root, heads[k].key);
        if (value)
            rc = heads[k].read(r, heads[k].key, value);
        else if (heads[k].required)
            rc = reader_refuse(r, ERR_MODEL, heads[k].key,
                               "a model needs this key, and it is missing%s",
                               k == 0 ? " (\"upscaled-model/1\")" : "");
        if (!rc && k == 0) /* a file of another format has other keys */
            rc = refuse_unknown_heads(r, root);
    }
    return rc;
}

/* Parses the text without its weights into a tree. */
static enum err_code parse(struct model_reader *r, json_t **root)
{
    json_error_t error;
    if (r->length == 0)
        return reader_refuse_text(r, 0, "a JSON object or list expected, not an empty file");
    enum err_code rc = reader_skeleton(r);
    if (rc)
        return rc;
    json_watch();
    *root = json_loadb((const char *)r->skeleton.data, r->skeleton.length, JSON_REJECT_DUPLICATES,
                       &error);
    buf_done(&r->skeleton);
    if (json_watch_failed())
        return reader_no_memory(r);
    if (*root)
        return ERR_OK;
    size_t position = error.position > 0 ? (size_t)error.position - 1 : 0;
    return reader_refuse_text(r, reader_offset(r, position), error.text);
}

static enum err_code name_by_stem(struct model_reader *r)
{
    if (!reader_name_fits(r->stem))
        return reader_refuse(r, ERR_MODEL, "name",
                             "a name expected, because the file's name is not 1 to 64 of "
                             "A-Z a-z 0-9 . _ -");
    r->model->name = mem_strdup(r->stem);
    return r->model->name ? ERR_OK : reader_no_memory(r);
}

/* Calls model_finish, and puts the file's stem before its sentence, as before all others. */
static enum err_code finish(struct model_reader *r, const char *preface)
{
    struct err inner = ERR_INIT;
    enum err_code rc = model_finish(r->model, r->limits, &inner);
    if (rc && inner.option)
        return err_set_limit(r->e, rc, inner.option, inner.limit, "%.64s: %s%s", r->stem, preface,
                             inner.text);
    return rc ? err_set(r->e, rc, "%.64s: %s%s", r->stem, preface, inner.text) : ERR_OK;
}

static enum err_code fill(struct model_reader *r, const json_t *root)
{
    bool waifu2x = json_is_array(root);
    enum err_code rc = waifu2x ? reader_waifu2x(r, root) : read_object(r, root);
    if (!rc && !r->model->name)
        rc = name_by_stem(r);
    if (!rc)
        rc = finish(r, waifu2x ? "read as upscaled-model/1, " : "");
    if (!rc && waifu2x)
        rc = reader_waifu2x_offset(r, root);
    return rc;
}

static enum err_code read_text(struct model_reader *r)
{
    json_t *root = NULL;
    enum err_code rc = parse(r, &root);
    if (!rc)
        rc = fill(r, root);
    json_decref(root);
    mem_free(r->cutouts);
    buf_done(&r->skeleton);
    return rc;
}

static enum err_code read_and_name(struct model_reader *r, const char *sha256)
{
    struct model_digest digest;
    if (!sha256)
        model_digest_begin(&digest, r->text, r->length);
    enum err_code rc = read_text(r);
    if (!sha256)
        model_digest_end(&digest);
    memcpy(r->model->sha256, sha256 ? sha256 : digest.hex, sizeof r->model->sha256);
    return rc;
}

/* Copies the text of a key, or `other` where the key is absent. */
static bool label_text(const json_t *root, const char *key, const char *other,
                       char out[MODEL_NAME_BYTES + 1])
{
    const json_t *value = json_object_get(root, key);
    const char *text = value ? json_string_value(value) : other;
    if (!text || !reader_name_fits(text))
        return false;
    snprintf(out, MODEL_NAME_BYTES + 1, "%s", text);
    return true;
}

bool model_read_label(const struct model_file *file, const struct model_limits *limits,
                      struct model_label *out)
{
    struct model_reader r = {.stem = file->stem,
                             .text = file->bytes,
                             .length = file->length,
                             .limits = limits,
                             .path = "$"};
    json_t *root = NULL;
    bool said = file->length <= limits->max_bytes && parse(&r, &root) == ERR_OK &&
                label_text(root, "name", file->stem, out->name) &&
                label_text(root, "family", out->name, out->family);
    json_decref(root);
    mem_free(r.cutouts);
    buf_done(&r.skeleton);
    return said;
}

enum err_code model_read(const struct model_file *file, const struct model_limits *limits,
                         struct model **out, struct err *e)
{
    struct model_reader r = {.stem = file->stem,
                             .text = file->bytes,
                             .length = file->length,
                             .limits = limits,
                             .e = e,
                             .path = "$"};
    if (file->length > limits->max_bytes)
        return reader_refuse_limit(&r, "max-model-bytes", limits->max_bytes, NULL,
                                   "at most %zu bytes expected, not %zu", limits->max_bytes,
                                   file->length);
    r.numbers = newlocale(LC_ALL_MASK, "C", NULL);
    r.model = mem_calloc(1, sizeof *r.model);
    enum err_code rc =
        r.numbers && r.model ? read_and_name(&r, file->sha256) : reader_no_memory(&r);
    if (r.numbers)
        freelocale(r.numbers);
    if (!rc) {
        *out = r.model;
        r.model = NULL;
    }
    model_free(r.model);
    mem_trim();
    return rc;
}
