/* fuzz_options.c - the file of --config. Claims: a second reader, of the rules in docs/operations.md
 * and the table of options, takes the same files and finds the same values; lines that are given as
 * flags instead do the same; an error names the line. A file is read for two commands, because one
 * alone has no numbers or no flags of yes and no. */
#include <stdio.h>
#include <string.h>

#include "server/options/options.h"
#include "server/options/options_table.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 20000;

enum { ROWS_MAX = 80, LINE_BYTES = 4096, WORDS_MAX = ROWS_MAX + OPTION_LIST_MAX };

/* The values that the second reader finds: all values of a list, the last one of another option. */
static struct given {
    int count;
    char values[OPTION_LIST_MAX][LINE_BYTES];
} given[ROWS_MAX];

static bool is_number(const struct option_row *row)
{
    return row->type == OPTION_COUNT || row->type == OPTION_BYTES;
}

/* Reads digits, which K, M or G may follow. */
static bool read_number(const char *text, int64_t *out)
{
    static const char units[] = "KMG";
    const char *at = text;
    *out = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, *at - '0', out))
            return false;
    const char *unit = *at ? strchr(units, *at) : NULL;
    for (long n = unit ? unit - units + 1 : 0; n > 0; n--)
        if (__builtin_mul_overflow(*out, 1024, out))
            return false;
    return at > text && at[unit != NULL] == '\0';
}

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0 || strcmp(value, "1") == 0;
}

static bool is_fine(const struct option_row *row, const char *value)
{
    int64_t number;
    if (is_number(row))
        return read_number(value, &number) && number >= row->least && number <= row->most;
    if (row->type == OPTION_FLAG)
        return is_yes(value) || strcmp(value, "no") == 0 || strcmp(value, "0") == 0;
    return true;
}

/* Moves past the blanks before a text, and cuts off those behind it. */
static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

/* Reads `name = value`. Options of other commands are left out. */
static bool read_line(char *line, int command)
{
    char *value = strchr(line, '=');
    int i = 0;
    if (!value)
        return false;
    *value++ = '\0';
    while (i < option_count && strcmp(option_rows[i].name, trimmed(line)) != 0)
        i++;
    if (i == option_count)
        return false;
    if (!(option_rows[i].commands & command))
        return true;
    if (option_rows[i].type != OPTION_LIST)
        given[i].count = 0;
    if (given[i].count == OPTION_LIST_MAX || !is_fine(&option_rows[i], trimmed(value)))
        return false;
    strcpy(given[i].values[given[i].count++], trimmed(value));
    return true;
}

static bool read_again(const uint8_t *data, size_t size, int command)
{
    struct input_settings file = {(const char *)data, (const char *)data + size, false};
    char line[LINE_BYTES];
    bool fine = true;
    must(option_count <= ROWS_MAX);
    for (int i = 0; i < option_count; i++)
        given[i].count = 0;
    while (fine && input_setting(&file, line))
        fine = read_line(line, command);
    return fine && !file.bad;
}

static void check_row(const struct options *o, int i)
{
    const struct option_row *row = &option_rows[i];
    const struct given *g = &given[i];
    const void *field = (const char *)o + row->field;
    const struct option_list *list = field;
    const char *text = row->type == OPTION_TEXT ? *(char *const *)field : NULL;
    int64_t number = row->standard;
    if (is_number(row))
        must((g->count == 0 || read_number(g->values[0], &number)) &&
             *(const int64_t *)field == number);
    else if (row->type == OPTION_FLAG)
        must(*(const bool *)field == (g->count > 0 && is_yes(g->values[0])));
    else if (row->type == OPTION_TEXT)
        must(g->count == 0 ? !text : text && strcmp(text, g->values[0]) == 0);
    else
        must(list->count == g->count);
    for (int k = 0; row->type == OPTION_LIST && k < g->count; k++)
        must(strcmp(list->items[k], g->values[k]) == 0);
}

static bool is_config(int row)
{
    return strcmp(option_rows[row].name, "config") == 0;
}

/* Checks every option but --config, which names the file itself. */
static void check_rows(const struct options *o)
{
    for (int i = 0; i < option_count; i++)
        if (!is_config(i))
            check_row(o, i);
}

/* Gives the values of an accepted file as flags. */
static void check_flags(int command)
{
    static char flags[WORDS_MAX][LINE_BYTES + 64];
    char *list[WORDS_MAX];
    struct option_words words = {0, list};
    struct options o;
    for (int i = 0; i < option_count; i++)
        for (int k = 0; k < given[i].count && !is_config(i); k++) {
            list[words.count] = flags[words.count];
            snprintf(flags[words.count++], sizeof flags[0], "--%s=%s", option_rows[i].name,
                     given[i].values[k]);
        }
    must(options_read(&o, command, &words, NULL, NULL) == ERR_OK);
    check_rows(&o);
    options_done(&o);
}

static void check(const uint8_t *data, size_t size, int command)
{
    char config[96];
    char *list[] = {config};
    struct option_words words = {1, list};
    struct options o;
    struct err e = ERR_INIT;
    const char *path = input_file(data, size);
    snprintf(config, sizeof config, "--config=%s", path);
    enum err_code rc = options_read(&o, command, &words, NULL, &e);
    must(rc == e.code && (rc == ERR_OK || rc == ERR_BAD_PARAMETER));
    must(rc == ERR_OK || (strncmp(e.text, path, strlen(path)) == 0 && e.text[strlen(path)] == ':'));
    must((rc == ERR_OK) == read_again(data, size, command));
    if (rc == ERR_OK) {
        check_rows(&o);
        check_flags(command);
    }
    options_done(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, FOR_SERVE);
    check(data, size, FOR_CONVERT);
    return 0;
}
