/* model_json_tensor.c - reads weights from their place in the text directly into floats.
 *
 * A list is probed first. Its first elements show its shape, which must be the shape that the layer
 * expects, or one flat list with the same number of numbers. Only then is memory allocated. Then
 * the list is read strictly, so that an error names the inner list that has a wrong length. */
#include "engine/nn/model_json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/mem.h"
#include "engine/base/size.h"
#include "engine/nn/dtype.h"

enum { FOUND_RANK_MAX = 8, SHAPE_BYTES = 112 };

/* The place in a list that is being read. */
struct cursor {
    struct model_reader *r;
    const char *key;
    size_t at, end; /* in the file */
    int rank;
    size_t dims[TENSOR_RANK_MAX], index[TENSOR_RANK_MAX];
    float *out;
};

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && memchr(" \t\n\r", c->r->text[c->at], 4))
        c->at++;
}

/* Returns the next byte that is not a space, or 0. */
static uint8_t peek(struct cursor *c)
{
    skip_space(c);
    return c->at < c->end ? c->r->text[c->at] : 0;
}

/* Counts the elements of the list that opens at `at`, by its commas. */
static size_t count_elements(const struct cursor *c, size_t at)
{
    size_t depth = 0, commas = 0, inside = at + 1;
    while (inside < c->end && memchr(" \t\n\r", c->r->text[inside], 4))
        inside++;
    bool any = inside < c->end && c->r->text[inside] != ']';
    for (; (at = reader_mark(c->r, at)) < c->end; at++) {
        uint8_t b = c->r->text[at];
        if (b == '"')
            at = reader_string_end(c->r, at) - 1;
        depth += b == '[' || b == '{';
        if ((b == ']' || b == '}') && --depth == 0)
            break;
        commas += b == ',' && depth == 1;
    }
    return any ? commas + 1 : 0;
}

static void shape_text(char out[SHAPE_BYTES], const size_t *dims, int rank)
{
    size_t used = 0;
    for (int i = 0; i < rank && used < SHAPE_BYTES; i++)
        used += (size_t)snprintf(out + used, SHAPE_BYTES - used, "%s%zu", i ? ", " : "[", dims[i]);
    if (used < SHAPE_BYTES)
        snprintf(out + used, SHAPE_BYTES - used, rank ? "]" : "[]");
}

/* Writes the path of the element that is being read: "weight[3][0]" for `level` 1. */
static const char *element(const struct cursor *c, char path[PATH_BYTES], int level)
{
    size_t used = (size_t)snprintf(path, PATH_BYTES, "%.16s", c->key);
    for (int i = 0; i <= level && used < PATH_BYTES; i++)
        used += (size_t)snprintf(path + used, PATH_BYTES - used, "[%zu]", c->index[i]);
    return path;
}

/* Refuses a value that is neither a number nor a list, or that is not JSON. */
static enum err_code refuse_element(struct cursor *c, int level, const char *expected)
{
    static const struct {
        const char *word, *kind;
    } kinds[] = {{"\"", "a text"}, {"{", "an object"},       {"[", "a list"},
                 {"true", "true"}, {"false", "false"},       {"null", "null"},
                 {"NaN", "NaN"},   {"Infinity", "Infinity"}, {"-Infinity", "-Infinity"}};
    char path[PATH_BYTES];
    size_t room = c->end - c->at;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i].word);
        if (length <= room && memcmp(c->r->text + c->at, kinds[i].word, length) == 0)
            return reader_refuse(c->r, ERR_MODEL, element(c, path, level), "%s expected, not %s",
                                 expected, kinds[i].kind);
    }
    if (reader_number_end(c->r->text, c->at, c->end) > c->at)
        return reader_refuse(c->r, ERR_MODEL, element(c, path, level), "%s expected, not a number",
                             expected);
    return reader_refuse_text(c->r, c->at, "a number or a list expected");
}

static enum err_code read_number(struct cursor *c, int level)
{
    size_t end = reader_number_end(c->r->text, c->at, c->end), length = end - c->at;
    if (length == 0)
        return refuse_element(c, level, "a finite number");
    const char *text = (const char *)c->r->text + c->at;
    char path[PATH_BYTES];
    if (length > READER_NUMBER_MOST)
        return reader_refuse(c->r, ERR_MODEL, element(c, path, level),
                             "a number of at most %d characters expected", READER_NUMBER_MOST);
    float value = (float)reader_number(c->r, text, length);
    if (!isfinite(value))
        return reader_refuse(c->r, ERR_MODEL, element(c, path, level),
                             "a number that float32 can hold expected, not %.*s",
                             length < 24 ? (int)length : 24, text);
    *c->out++ = value;
    c->at = end;
    return ERR_OK;
}

static enum err_code refuse_length(struct cursor *c, int level, size_t start)
{
    char path[PATH_BYTES];
    return reader_refuse(c->r, ERR_MODEL, element(c, path, level - 1), "%zu %s expected, found %zu",
                         c->dims[level], level == c->rank - 1 ? "numbers" : "lists",
                         count_elements(c, start));
}

/* Reads one list of dims[level] elements. The recursion is as deep as the rank. */
static enum err_code read_list(struct cursor *c, int level)
{
    if (peek(c) != '[')
        return refuse_element(c, level - 1, "a list");
    size_t start = c->at++;
    for (size_t i = 0; i < c->dims[level]; i++) {
        uint8_t next = peek(c);
        c->index[level] = i;
        if (next == ']')
            return refuse_length(c, level, start);
        if (i > 0 && next != ',')
            return reader_refuse_text(c->r, c->at, "',' or ']' expected");
        c->at += i > 0;
        skip_space(c);
        enum err_code rc = level == c->rank - 1 ? read_number(c, level) : read_list(c, level + 1);
        if (rc)
            return rc;
    }
    uint8_t last = peek(c);
    if (last == ',')
        return refuse_length(c, level, start);
    if (last != ']')
        return reader_refuse_text(c->r, c->at, "',' or ']' expected");
    c->at++;
    return ERR_OK;
}

/* Computes the number of floats in `dims`. Refuses more than the model's limit. */
static enum err_code count_floats(const struct cursor *c, size_t *count)
{
    const struct model_reader *r = c->r;
    size_t most = r->limits->max_parameters, product = 1, sum;
    bool fits = true;
    for (int i = 0; i < c->rank; i++)
        fits = fits && size_mul(product, c->dims[i], &product);
    if (!fits || !size_add(r->model->parameters, product, &sum) || sum > most)
        return reader_refuse_limit(r, "max-model-parameters", most, c->key,
                                   "this tensor brings the model over %zu parameters", most);
    *count = product;
    return ERR_OK;
}

static enum err_code refuse_shape(const struct cursor *c, const size_t *found, int rank)
{
    char expected[SHAPE_BYTES], got[SHAPE_BYTES];
    shape_text(expected, c->dims, c->rank);
    shape_text(got, found, rank);
    return reader_refuse(c->r, ERR_MODEL, c->key, "shape %s expected, found %s", expected, got);
}

/* Compares the list's first elements with c->dims. If dims[0] is -1, sets it. If the list is flat,
 * changes `c` to a cursor of rank 1. */
static enum err_code probe_list(struct cursor *c, bool any_length, size_t *count)
{
    struct cursor probe = *c;
    size_t found[FOUND_RANK_MAX];
    int rank = 0;
    for (; rank < FOUND_RANK_MAX && peek(&probe) == '['; probe.at++)
        found[rank++] = count_elements(&probe, probe.at);
    if (any_length && rank == 1)
        c->dims[0] = found[0];
    enum err_code rc = count_floats(c, count);
    if (rc)
        return rc;
    if (rank == 1 && found[0] == *count && *count > 0) {
        c->rank = 1;
        c->dims[0] = *count;
        return ERR_OK;
    }
    if (rank != c->rank || memcmp(found, c->dims, (size_t)rank * sizeof *found) != 0)
        return refuse_shape(c, found, rank);
    return ERR_OK;
}

static enum err_code read_span(struct cursor *c, bool any_length, float **out, size_t *count)
{
    enum err_code rc = probe_list(c, any_length, count);
    if (rc)
        return rc;
    float *floats = mem_alloc(*count, sizeof *floats);
    if (!floats)
        return reader_no_memory(c->r);
    c->out = floats;
    if ((rc = read_list(c, 0))) {
        mem_free(floats);
        return rc;
    }
    *out = floats;
    return ERR_OK;
}

/* Returns the cutout for a list in the skeleton. Only model_json_text.c can have written such a
 * list. */
static const struct cutout *span_of(const struct model_reader *r, const json_t *value)
{
    return &r->cutouts[json_integer_value(json_array_get(value, 0))];
}

/* Checks that "shape" is the expected one. If dims[0] is -1, sets it. */
static enum err_code read_shape(struct cursor *c, const json_t *list, bool any_length)
{
    size_t found[FOUND_RANK_MAX] = {0};
    size_t rank = json_array_size(list);
    bool numbers = json_is_array(list) && rank <= FOUND_RANK_MAX;
    for (size_t i = 0; numbers && i < rank; i++) {
        const json_t *dim = json_array_get(list, i);
        numbers = json_is_integer(dim) && json_integer_value(dim) >= 0;
        found[i] = (size_t)json_integer_value(dim);
    }
    if (!numbers)
        return reader_refuse(c->r, ERR_MODEL, c->key, "a \"shape\" of whole numbers expected");
    if (any_length && rank == 1)
        c->dims[0] = found[0];
    if ((int)rank != c->rank || memcmp(found, c->dims, rank * sizeof *found) != 0)
        return refuse_shape(c, found, (int)rank);
    return ERR_OK;
}

static enum err_code read_base64(struct cursor *c, const struct cutout *s,
                                 const struct dtype *dtype, float **out, size_t count)
{
    const uint8_t *text = c->r->text + s->offset + 1; /* between the quotes */
    size_t length = s->length - 2, bytes;
    if (c->r->text[s->offset] != '"')
        return reader_refuse(c->r, ERR_MODEL, c->key, "a text expected as \"base64\"");
    if (!base64_bytes(text, length, &bytes) || bytes != count * dtype->bytes)
        return reader_refuse(c->r, ERR_MODEL, c->key,
                             "base64 of %zu %s expected (%zu characters with padding), found "
                             "%zu characters",
                             count, dtype->name, (count * dtype->bytes + 2) / 3 * 4, length);
    float *floats = mem_alloc(count, sizeof *floats);
    if (!floats)
        return reader_no_memory(c->r);
    enum err_code rc = ERR_OK;
    size_t wrong = base64_decode(text, length, (uint8_t *)floats);
    if (wrong < length)
        rc = reader_refuse(c->r, ERR_MODEL, c->key,
                           "plain base64 expected; its character %zu is not allowed there",
                           wrong + 1);
    else if (!dtype->settle(floats, count))
        rc = reader_refuse(c->r, ERR_MODEL, c->key, "finite numbers expected");
    if (rc)
        mem_free(floats);
    else
        *out = floats;
    return rc;
}

static enum err_code read_object(struct cursor *c, const json_t *value, bool any_length,
                                 float **out, size_t *count)
{
    const json_t *shape = json_object_get(value, "shape");
    const json_t *dtype = json_object_get(value, "dtype");
    const json_t *base64 = json_object_get(value, "base64");
    if (!shape || !dtype || !json_is_array(base64) || json_object_size(value) != 3)
        return reader_refuse(c->r, ERR_MODEL, c->key,
                             "an object of \"shape\", \"dtype\" and \"base64\" expected");
    const struct dtype *stored = dtype_find(json_string_value(dtype));
    if (!stored)
        return reader_refuse(c->r, ERR_MODEL, c->key,
                             "\"float32\" or \"float16\" expected as \"dtype\", not %s",
                             reader_found(dtype).text);
    enum err_code rc = read_shape(c, shape, any_length);
    if (!rc)
        rc = count_floats(c, count);
    return rc ? rc : read_base64(c, span_of(c->r, base64), stored, out, *count);
}

enum err_code reader_tensor(struct model_reader *r, const char *key, const json_t *value,
                            struct tensor_shape *shape, float **out)
{
    struct cursor c = {.r = r, .key = key, .rank = shape->rank};
    bool any_length = shape->dims[0] < 0;
    size_t have = 0;
    enum err_code rc;
    for (int i = 0; i < shape->rank; i++)
        c.dims[i] = shape->dims[i] < 0 ? 1 : (size_t)shape->dims[i];
    if (json_is_array(value)) {
        const struct cutout *s = span_of(r, value);
        c.at = s->offset;
        c.end = s->offset + s->length;
        rc = read_span(&c, any_length, out, &have);
    } else if (json_is_object(value)) {
        rc = read_object(&c, value, any_length, out, &have);
    } else {
        rc = reader_refuse(r, ERR_MODEL, key,
                           "a tensor expected (a list of numbers, or an object with base64), not "
                           "%s",
                           reader_found(value).text);
    }
    if (rc)
        return rc;
    r->model->parameters += have;
    if (any_length)
        shape->dims[0] = have < INT_MAX ? (int)have : INT_MAX;
    return ERR_OK;
}
