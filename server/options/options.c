/* options.c - the four places that options come from; the options are in options_table.c. */
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

static enum err_code set_number(struct options *o, const struct option_row *row, const char *where,
                                const char *value, struct err *e)
{
    int64_t number;
    if (!options_size(value, &number) || number < row->least || number > row->most)
        return err_set(e, ERR_BAD_PARAMETER,
                       "%s takes a whole number from %" PRId64 " to %" PRId64
                       " (K, M, G are understood), not `%s`",
                       where, row->least, row->most, value);
    *(int64_t *)field_of(o, row) = number;
    return ERR_OK;
}

static enum err_code set_flag(struct options *o, const struct option_row *row, const char *where,
                              const char *value, struct err *e)
{
    bool yes = strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;
    if (!yes && strcmp(value, "no") != 0 && strcmp(value, "0") != 0)
        return err_set(e, ERR_BAD_PARAMETER, "%s is yes or no, not `%s`", where, value);
    *(bool *)field_of(o, row) = yes;
    return ERR_OK;
}

static enum err_code set_text(struct options *o, const struct option_row *row, const char *where,
                              const char *value, struct err *e)
{
    char **field = field_of(o, row);
    if (row->type == OPTION_LIST) {
        if (o->listen_count == OPTIONS_LISTEN_MAX)
            return err_set(e, ERR_BAD_PARAMETER, "%s: at most %d times", where, OPTIONS_LISTEN_MAX);
        field += o->listen_count;
    }
    char *copy = mem_strdup(value);
    if (!copy)
        return err_set(e, ERR_MEMORY, "out of memory for options");
    mem_free(*field);
    *field = copy;
    o->listen_count += row->type == OPTION_LIST;
    return ERR_OK;
}

static enum err_code set(struct options *o, const struct option_row *row, const char *where,
                         const char *value, struct err *e)
{
    switch (row->type) {
    case OPTION_COUNT:
    case OPTION_BYTES:
        return set_number(o, row, where, value, e);
    case OPTION_FLAG:
        return set_flag(o, row, where, value, e);
    case OPTION_TEXT:
    case OPTION_LIST:
        break;
    }
    return set_text(o, row, where, value, e);
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
    return err_set(e, ERR_BAD_PARAMETER, "unknown option %s%s%s%s", arg, n.name ? "; is it --" : "",
                   n.name ? n.name : "", n.name ? "?" : "");
}

/* The command line into `o`; what is no option moves to the front of argv. */
static enum err_code read_flags(struct options *o, int command, int argc, char **argv, int *rest,
                                struct err *e)
{
    int others = 0, i = 0;
    for (; i < argc; i++) {
        const char *arg = argv[i];
        if (strcmp(arg, "--") == 0) {
            i++;
            break;
        }
        if (strncmp(arg, "--", 2) != 0) {
            argv[others++] = argv[i];
            continue;
        }
        const char *equals = strchr(arg, '=');
        size_t length = equals ? (size_t)(equals - arg) - 2 : strlen(arg) - 2;
        const struct option_row *row = find_row(arg + 2, length, command);
        if (!row)
            return unknown(arg, command, e);
        const char *value = equals ? equals + 1 : row->type == OPTION_FLAG ? "yes" : argv[++i];
        if (i >= argc || !value)
            return err_set(e, ERR_BAD_PARAMETER, "option --%s needs a value", row->name);
        char where[32];
        snprintf(where, sizeof where, "--%s", row->name);
        enum err_code rc = set(o, row, where, value, e);
        if (rc != ERR_OK)
            return rc;
    }
    while (i < argc)
        argv[others++] = argv[i++];
    *rest = others;
    return ERR_OK;
}

/* UPSCALED_MAX_BODY=... for the row max-body; NULL where not set. */
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

static enum err_code read_environment(struct options *o, int command, char *const *environment,
                                      struct err *e)
{
    enum err_code rc = ERR_OK;
    for (int i = 0; i < option_count && rc == ERR_OK; i++) {
        const char *value = from_environment(&option_rows[i], environment);
        if (!value || !(option_rows[i].commands & command))
            continue;
        char where[64];
        snprintf(where, sizeof where, "UPSCALED_%s", option_rows[i].name);
        for (char *c = where; *c; c++)
            *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
        rc = set(o, &option_rows[i], where, value, e);
    }
    return rc;
}

/* What a line of the file is read into. */
struct file_target {
    struct options *o;
    int command;
};

static enum err_code take_line(void *arg, const char *where, char *line, struct err *e)
{
    const struct file_target *target = arg;
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
    /* one file may serve all sub-commands; each takes its own options */
    return row->commands & target->command ? set(target->o, row, which, value, e) : ERR_OK;
}

static enum err_code read_file(struct options *o, int command, const char *path, struct err *e)
{
    struct file_target target = {o, command};
    return lines_read(path, ERR_BAD_PARAMETER, take_line, &target, e);
}

static void defaults(struct options *o)
{
    *o = (struct options){0};
    for (int i = 0; i < option_count; i++)
        if (option_rows[i].type == OPTION_COUNT || option_rows[i].type == OPTION_BYTES)
            *(int64_t *)field_of(o, &option_rows[i]) = option_rows[i].standard;
}

/* A list is replaced by the next better place as a whole, not added to. */
static void forget_list(struct options *o)
{
    while (o->listen_count > 0) {
        mem_free(o->listen[--o->listen_count]);
        o->listen[o->listen_count] = NULL;
    }
}

static const char *variable(const char *name, char *const *environment)
{
    size_t length = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

/* Containers' platforms say by PORT where they will connect to, from outside. */
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
    snprintf(o->fallback_listen, sizeof o->fallback_listen, "0.0.0.0:%d", (int)number);
    return ERR_OK;
}

/* Where --config or UPSCALED_CONFIG points, which must be known before anything else is read. */
static const char *find_config(int argc, char **argv, char *const *environment)
{
    const char *found = from_environment(&option_rows[0], environment);
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            found = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            found = argv[i + 1];
    }
    return found;
}

static bool names_list(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--listen") == 0 || strncmp(argv[i], "--listen=", 9) == 0)
            return true;
    return false;
}

enum err_code options_read(struct options *o, int command, int argc, char **argv, int *rest,
                           char *const *environment, struct err *e)
{
    /* from the weakest to the strongest: each overwrites */
    defaults(o);
    enum err_code rc = ERR_OK;
    const char *config = find_config(argc, argv, environment);
    if (config)
        rc = read_file(o, command, config, e);
    if (rc == ERR_OK && from_environment(find_row("listen", 6, 0), environment))
        forget_list(o);
    if (rc == ERR_OK)
        rc = read_environment(o, command, environment, e);
    if (rc == ERR_OK && names_list(argc, argv))
        forget_list(o);
    if (rc == ERR_OK)
        rc = read_flags(o, command, argc, argv, rest, e);
    if (rc == ERR_OK && o->listen_count == 0 && command & find_row("listen", 6, 0)->commands)
        rc = set_fallback_listen(o, environment, e);
    if (rc != ERR_OK)
        options_done(o);
    return rc;
}

void options_done(struct options *o)
{
    for (int i = 0; i < option_count; i++)
        if (option_rows[i].type == OPTION_TEXT)
            mem_free(*(char **)field_of(o, &option_rows[i]));
    forget_list(o);
    *o = (struct options){0};
}
