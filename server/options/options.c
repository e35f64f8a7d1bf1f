/* options.c - see options.h. Reads the places that options come from: the file, the environment,
 * the command line. The options themselves are in options_table.c. */
#include "server/options/options.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/mem.h"
#include "server/base/lines.h"
#include "server/base/nearest.h"
#include "server/options/options_table.h"

struct reading {
    struct options *options;
    int command;
    enum option_source source; /* the place that is read now */
};

static const struct option_row *find_row(const char *name, size_t length, int command)
{
    for (int i = 0; i < option_count; i++)
        if (strlen(option_rows[i].name) == length && memcmp(option_rows[i].name, name, length) == 0)
            return command == 0 || option_rows[i].commands & command ? &option_rows[i] : NULL;
    return NULL;
}

static void *field_of(struct options *o, const struct option_row *row)
{
    return (char *)o + row->field;
}

bool options_size(const char *text, int64_t *out)
{
    if (*text < '0' || *text > '9')
        return false;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (errno != 0 || end[shift ? 1 : 0] != 0 || value > (INT64_MAX >> shift))
        return false;
    *out = (int64_t)value << shift;
    return true;
}

const char *options_text(const struct options *o, const char *name)
{
    const struct option_row *row = find_row(name, strlen(name), 0);
    return row && row->type == OPTION_TEXT ? *(char *const *)((const char *)o + row->field) : NULL;
}

static enum err_code set_number(int64_t *field, const struct option_row *row, const char *where,
                                const char *value, struct err *e)
{
    int64_t number;
    if (!options_size(value, &number) || number < row->least || number > row->most)
        return err_set(e, ERR_BAD_PARAMETER,
                       "%s takes a whole number from %" PRId64 " to %" PRId64
                       ", optionally with K, M or G, not `%s`",
                       where, row->least, row->most, value);
    *field = number;
    return ERR_OK;
}

static enum err_code set_flag(bool *field, const char *where, const char *value, struct err *e)
{
    bool yes = strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;
    if (!yes && strcmp(value, "no") != 0 && strcmp(value, "0") != 0)
        return err_set(e, ERR_BAD_PARAMETER, "%s takes yes or no, not `%s`", where, value);
    *field = yes;
    return ERR_OK;
}

static enum err_code copy_text(char **field, const char *value, struct err *e)
{
    char *copy = mem_strdup(value);
    if (!copy)
        return err_set(e, ERR_MEMORY, "out of memory for options");
    mem_free(*field);
    *field = copy;
    return ERR_OK;
}

static void forget_list(struct option_list *list)
{
    while (list->count > 0) {
        mem_free(list->items[--list->count]);
        list->items[list->count] = NULL;
    }
}

/* Adds a value to a list. The values of a stronger place replace those of a weaker one as a
 * whole. */
static enum err_code add_to_list(struct option_list *list, enum option_source source,
                                 const char *where, const char *value, struct err *e)
{
    if (list->source != source)
        forget_list(list);
    list->source = source;
    if (list->count == OPTION_LIST_MAX)
        return err_set(e, ERR_BAD_PARAMETER, "%s may be given at most %d times", where,
                       OPTION_LIST_MAX);
    enum err_code rc = copy_text(&list->items[list->count], value, e);
    list->count += rc == ERR_OK;
    return rc;
}

/* Gives the option its value; `where` names the flag, the variable or the line that has it. */
static enum err_code set(struct reading *r, const struct option_row *row, const char *where,
                         const char *value, struct err *e)
{
    void *field = field_of(r->options, row);
    switch (row->type) {
    case OPTION_COUNT:
    case OPTION_BYTES:
        return set_number(field, row, where, value, e);
    case OPTION_FLAG:
        return set_flag(field, where, value, e);
    case OPTION_TEXT:
        return copy_text(field, value, e);
    case OPTION_LIST:
        break;
    }
    return add_to_list(field, r->source, where, value, e);
}

static enum err_code unknown(const char *arg, int command, struct err *e)
{
    char word[33];
    struct nearest n;
    snprintf(word, sizeof word, "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
    nearest_init(&n, word);
    for (int i = 0; i < option_count; i++)
        if (option_rows[i].commands & command)
            nearest_offer(&n, option_rows[i].name);
    return err_set(e, ERR_BAD_PARAMETER, "unknown option %s%s%s%s", arg,
                   n.name ? "; did you mean --" : "", n.name ? n.name : "", n.name ? "?" : "");
}

/* Reads the flag at words->list[*i], whose value may be the next word. */
static enum err_code read_flag(struct reading *r, const struct option_words *words, int *i,
                               struct err *e)
{
    const char *arg = words->list[*i], *equals = strchr(arg, '='), *value;
    size_t length = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
    const struct option_row *row = find_row(arg + 2, length, r->command);
    if (!row)
        return unknown(arg, r->command, e);
    if (equals)
        value = equals + 1;
    else if (row->type == OPTION_FLAG)
        value = "yes";
    else
        value = ++*i < words->count ? words->list[*i] : NULL;
    if (!value)
        return err_set(e, ERR_BAD_PARAMETER, "option --%s needs a value", row->name);
    char where[32];
    snprintf(where, sizeof where, "--%s", row->name);
    return set(r, row, where, value, e);
}

/* Reads the command line. Words that are not options move to the front. */
static enum err_code read_flags(struct reading *r, struct option_words *words, struct err *e)
{
    int others = 0, i = 0;
    r->source = SOURCE_FLAG;
    for (; i < words->count; i++) {
        if (strcmp(words->list[i], "--") == 0) {
            i++;
            break;
        }
        if (strncmp(words->list[i], "--", 2) != 0) {
            words->list[others++] = words->list[i];
            continue;
        }
        enum err_code rc = read_flag(r, words, &i, e);
        if (rc != ERR_OK)
            return rc;
    }
    while (i < words->count)
        words->list[others++] = words->list[i++];
    words->count = others;
    return ERR_OK;
}

/* Returns the value of the row's variable, UPSCALED_MAX_BODY for max-body; NULL if it is not
 * set. */
static const char *from_environment(const struct option_row *row, char *const *environment)
{
    static const char prefix[] = "UPSCALED_";
    for (; environment && *environment; environment++) {
        const char *at = *environment, *name = row->name;
        if (strncmp(at, prefix, sizeof prefix - 1) != 0)
            continue;
        for (at += sizeof prefix - 1; *name; at++, name++)
            if (*at != (*name == '-' ? '_' : *name - 'a' + 'A'))
                break;
        if (*name == 0 && *at == '=')
            return at + 1;
    }
    return NULL;
}

static enum err_code read_environment(struct reading *r, char *const *environment, struct err *e)
{
    enum err_code rc = ERR_OK;
    r->source = SOURCE_ENVIRONMENT;
    for (int i = 0; i < option_count && rc == ERR_OK; i++) {
        const char *value = from_environment(&option_rows[i], environment);
        if (!value || !(option_rows[i].commands & r->command))
            continue;
        char where[64];
        snprintf(where, sizeof where, "UPSCALED_%s", option_rows[i].name);
        for (char *c = where; *c; c++)
            *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
        rc = set(r, &option_rows[i], where, value, e);
    }
    return rc;
}

static enum err_code take_line(void *arg, const char *where, char *line, struct err *e)
{
    struct reading *r = arg;
    char *equals = strchr(line, '=');
    if (!equals)
        return err_set(e, ERR_BAD_PARAMETER, "%s: `name = value` expected", where);
    *equals = 0;
    char *name = lines_trim(line), *value = lines_trim(equals + 1);
    const struct option_row *row = find_row(name, strlen(name), 0);
    if (!row)
        return err_set(e, ERR_BAD_PARAMETER, "%s: unknown option %s", where, name);
    char which[544];
    snprintf(which, sizeof which, "%.510s: %.31s", where, name);
    /* one file may serve all sub-commands, each of which takes its own options */
    return row->commands & r->command ? set(r, row, which, value, e) : ERR_OK;
}

static void defaults(struct options *o)
{
    *o = (struct options){0};
    for (int i = 0; i < option_count; i++)
        if (option_rows[i].type == OPTION_COUNT || option_rows[i].type == OPTION_BYTES)
            *(int64_t *)field_of(o, &option_rows[i]) = option_rows[i].standard;
}

static const char *variable(const char *name, char *const *environment)
{
    size_t length = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/* Sets the default of --listen. Container platforms set PORT to the port to which they connect,
 * from outside the container. */
static enum err_code set_fallback_listen(struct options *o, char *const *environment, struct err *e)
{
    const char *port = variable("PORT", environment);
    int64_t number = 0;
    if (!port || !*port) {
        snprintf(o->fallback_listen, sizeof o->fallback_listen, "127.0.0.1:8080");
        return ERR_OK;
    }
    if (strspn(port, "0123456789") != strlen(port) || !options_size(port, &number) ||
        number > UINT16_MAX)
        return err_set(e, ERR_BAD_PARAMETER,
                       "the variable PORT is a number from 0 to 65535, not `%.64s`", port);
    snprintf(o->fallback_listen, sizeof o->fallback_listen, ":%d", (int)number);
    return ERR_OK;
}

/* Returns the file that --config or UPSCALED_CONFIG names, or NULL. The file is needed before
 * anything else is read. */
static const char *find_config(const struct option_words *words, char *const *environment)
{
    const char *found = from_environment(find_row("config", 6, 0), environment);
    for (int i = 0; i < words->count && strcmp(words->list[i], "--") != 0; i++) {
        if (strncmp(words->list[i], "--config=", 9) == 0)
            found = words->list[i] + 9;
        else if (strcmp(words->list[i], "--config") == 0 && i + 1 < words->count)
            found = words->list[i + 1];
    }
    return found;
}

enum err_code options_read(struct options *o, int command, struct option_words *words,
                           char *const *environment, struct err *e)
{
    struct reading r = {o, command, SOURCE_FILE};
    const char *config = find_config(words, environment);
    enum err_code rc = ERR_OK;
    defaults(o);
    if (config)
        rc = lines_read(config, ERR_BAD_PARAMETER, take_line, &r, e);
    if (rc == ERR_OK)
        rc = read_environment(&r, environment, e);
    if (rc == ERR_OK)
        rc = read_flags(&r, words, e);
    if (rc == ERR_OK && o->listen.count == 0 && find_row("listen", 6, command))
        rc = set_fallback_listen(o, environment, e);
    if (rc != ERR_OK)
        options_done(o);
    return rc;
}

void options_done(struct options *o)
{
    for (int i = 0; i < option_count; i++) {
        void *field = field_of(o, &option_rows[i]);
        if (option_rows[i].type == OPTION_TEXT)
            mem_free(*(char **)field);
        else if (option_rows[i].type == OPTION_LIST)
            forget_list(field);
    }
    *o = (struct options){0};
}
