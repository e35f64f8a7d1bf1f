/* model_json_text.c - copies the text of a model without its weights, and finds positions in it.
 *
 * The copy is lenient. It knows strings, brackets, commas and colons, and copies everything else,
 * which Jansson then refuses if it is wrong. But a file must not be able to contain "[7]" in a
 * place where the skeleton has the index of a cutout. So in these places every list is cut out, and
 * keys with escapes, which Jansson might read as "weight", are refused. */
#include "engine/nn/model_json.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/mem.h"

/* The skeleton of a thousand layers has about 300 kB. Notes and scores are added to it. */
enum {
    SKELETON_BYTES = 1 << 20,
    SKELETON_BYTES_A_LAYER = 4096,
    SKELETON_VALUES = 1 << 14,
    SKELETON_VALUES_A_LAYER = 64
};

enum { NESTING = 4 }; /* of a tensor; deeper levels are only copied */

struct walk {
    struct model_reader *r;
    size_t at, copied; /* in the file: the current position, and the end of the copied part */
    size_t depth;
    char open[NESTING];
    bool tensor; /* inside the object that is the value of "weight" or "bias" */
    size_t values;
    size_t string, string_length; /* the text between the quotes of the last string */
    bool keyed;                   /* the last string was a key, and its value comes next */
};

size_t reader_offset(const struct model_reader *r, size_t position)
{
    size_t offset = position;
    for (size_t i = 0; i < r->cutout_count; i++) {
        const struct cutout *s = &r->cutouts[i];
        if (position < s->at + s->stand_in)
            break;
        offset = s->offset + s->length + (position - s->at - s->stand_in);
    }
    return offset < r->length ? offset : r->length;
}

static enum err_code copy(struct walk *w, const void *bytes, size_t count)
{
    struct model_reader *r = w->r;
    if (count > r->skeleton.max - r->skeleton.length)
        return reader_refuse_limit(r, "max-model-layers", (uint64_t)r->limits->max_layers, NULL,
                                   "at most %zu bytes expected beside the weights",
                                   r->skeleton.max);
    enum err_code rc = buf_append(&r->skeleton, bytes, count, NULL);
    return rc ? reader_no_memory(r) : ERR_OK;
}

/* Copies up to `end`. */
static enum err_code catch_up(struct walk *w, size_t end)
{
    enum err_code rc = copy(w, w->r->text + w->copied, end - w->copied);
    w->copied = end;
    return rc;
}

size_t reader_mark(const struct model_reader *r, size_t at)
{
    static const bool mark[256] = {
        ['"'] = true, ['['] = true, [']'] = true, ['{'] = true, ['}'] = true, [','] = true};
    while (at < r->length && !mark[r->text[at]])
        at++;
    return at;
}

size_t reader_string_end(const struct model_reader *r, size_t at)
{
    const uint8_t *end = r->text + r->length, *from = r->text + at + 1, *quote = NULL;
    while (from < end) {
        if (!quote || quote < from)
            quote = memchr(from, '"', (size_t)(end - from));
        const uint8_t *last = quote ? quote : end;
        const uint8_t *escape = memchr(from, '\\', (size_t)(last - from));
        if (!escape)
            return quote ? (size_t)(quote - r->text) + 1 : r->length;
        from = escape + 2;
    }
    return r->length;
}

/* Returns the end of the list that opens at `at`. */
static size_t list_end(const struct model_reader *r, size_t at)
{
    size_t depth = 0;
    while ((at = reader_mark(r, at)) < r->length) {
        uint8_t c = r->text[at];
        if (c == '"') {
            at = reader_string_end(r, at);
            continue;
        }
        at++;
        depth += c == '[' || c == '{';
        if ((c == ']' || c == '}') && --depth == 0)
            break;
    }
    return at;
}

static enum err_code add_cutout(struct walk *w, size_t offset, size_t length)
{
    struct model_reader *r = w->r;
    if (r->cutout_count == r->cutout_room) {
        size_t room = r->cutout_room ? 2 * r->cutout_room : 64;
        /* a cutout has at least 6 bytes in the file ("bias":[ and so on), so this cannot
         * overflow */
        struct cutout *more =
            mem_resize(r->cutouts, r->cutout_room * sizeof *more, room * sizeof *more);
        if (!more)
            return reader_no_memory(r);
        r->cutouts = more;
        r->cutout_room = room;
    }
    char text[24];
    int count = snprintf(text, sizeof text, "[%zu]", r->cutout_count);
    r->cutouts[r->cutout_count++] =
        (struct cutout){offset, length, r->skeleton.length, (size_t)count};
    w->values++;
    return copy(w, text, (size_t)count);
}

static bool in_layer(const struct walk *w)
{
    return (w->depth == 3 && memcmp(w->open, "{[{", 3) == 0) ||
           (w->depth == 2 && memcmp(w->open, "[{", 2) == 0);
}

static bool key_is(const struct walk *w, const char *name)
{
    return w->string_length == strlen(name) &&
           memcmp(w->r->text + w->string, name, w->string_length) == 0;
}

static bool key_of_tensor(const struct walk *w)
{
    return key_is(w, "weight") || key_is(w, "bias");
}

/* Whether the value that begins with `c` is cut out. */
static bool is_weights(const struct walk *w, uint8_t c)
{
    if (!w->keyed)
        return false;
    if (w->tensor)
        return key_is(w, "base64") && (c == '[' || c == '"');
    return c == '[' && in_layer(w) && key_of_tensor(w);
}

static enum err_code leave_out(struct walk *w, size_t end)
{
    enum err_code rc = catch_up(w, w->at);
    if (!rc)
        rc = add_cutout(w, w->at, end - w->at);
    w->at = w->copied = end;
    w->keyed = false;
    return rc;
}

static void open_bracket(struct walk *w, char c)
{
    w->tensor = w->tensor || (c == '{' && w->keyed && in_layer(w) && key_of_tensor(w));
    if (w->depth < NESTING)
        w->open[w->depth] = c;
    w->depth++;
    w->values++;
}

static void close_bracket(struct walk *w)
{
    if (w->depth > 0)
        w->depth--;
    w->tensor = w->tensor && !in_layer(w);
}

static enum err_code take_key(struct walk *w)
{
    w->values++;
    w->keyed = true;
    if ((w->tensor || in_layer(w)) && memchr(w->r->text + w->string, '\\', w->string_length))
        return reader_refuse_text(w->r, w->string, "a key without escapes expected");
    return ERR_OK;
}

/* Takes one step: over a string, a list that is cut out, or a byte. */
static enum err_code step(struct walk *w)
{
    const struct model_reader *r = w->r;
    uint8_t c = r->text[w->at];
    if (is_weights(w, c))
        return leave_out(w, c == '"' ? reader_string_end(r, w->at) : list_end(r, w->at));
    if (c == '"') {
        size_t end = reader_string_end(r, w->at);
        w->string = w->at + 1;
        w->string_length = end - w->at >= 2 ? end - w->at - 2 : 0;
        w->at = end;
        w->keyed = false;
        return ERR_OK;
    }
    w->at++;
    if (c == ':')
        return take_key(w);
    if (c == '[' || c == '{')
        open_bracket(w, (char)c);
    else if (c == ']' || c == '}')
        close_bracket(w);
    w->values += c == ',';
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
        w->keyed = false;
    return ERR_OK;
}

enum err_code reader_skeleton(struct model_reader *r)
{
    size_t layers = (size_t)r->limits->max_layers;
    size_t most = SKELETON_VALUES + SKELETON_VALUES_A_LAYER * layers;
    struct walk w = {.r = r, .values = 1};
    buf_init(&r->skeleton, SKELETON_BYTES + SKELETON_BYTES_A_LAYER * layers);
    while (w.at < r->length) {
        enum err_code rc = step(&w);
        if (rc)
            return rc;
        if (w.values > most)
            return reader_refuse_limit(r, "max-model-layers", layers, NULL,
                                       "at most %zu values expected beside the weights", most);
    }
    return catch_up(&w, r->length);
}
