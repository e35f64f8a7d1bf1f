/* fuzz_options.c - the file of --config. Claims: an accepted file gives every number within the
 * range of its row; lines that are given as flags instead do the same; an error names the line. */
#include <stdio.h>
#include <string.h>

#include "server/options/options.h"
#include "server/options/options_table.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 20000;

enum { WORDS_MAX = 64 };

static void check_ranges(const struct options *o)
{
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        const char *field = (const char *)o + row->field;
        if (row->type != OPTION_COUNT && row->type != OPTION_BYTES)
            continue;
        int64_t value = *(const int64_t *)field;
        must(value == row->standard || (value >= row->least && value <= row->most));
    }
}

static void check_same(const struct options *a, const struct options *b)
{
    for (int i = 0; i < option_count; i++) {
        const struct option_row *row = &option_rows[i];
        const char *x = (const char *)a + row->field, *y = (const char *)b + row->field;
        if (row->type == OPTION_COUNT || row->type == OPTION_BYTES)
            must(*(const int64_t *)x == *(const int64_t *)y);
        else if (row->type == OPTION_FLAG)
            must(*(const bool *)x == *(const bool *)y);
        else if (row->type == OPTION_TEXT && strcmp(row->name, "config") != 0)
            must(!*(char *const *)x == !*(char *const *)y &&
                 (!*(char *const *)x || strcmp(*(char *const *)x, *(char *const *)y) == 0));
    }
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
        text[n - 1] = '\0';
    return text;
}

static bool is_for_serve(const char *name)
{
    for (int i = 0; i < option_count; i++)
        if (strcmp(option_rows[i].name, name) == 0)
            return option_rows[i].commands & FOR_SERVE;
    return false;
}

/* Gives the lines of an accepted file as flags. The text must have no NUL byte. */
static void check_flags(char *text, const struct options *wanted)
{
    static char flags[WORDS_MAX][4200];
    char *list[WORDS_MAX];
    struct option_words words = {0, list};
    struct options o;
    while (*text) {
        char *name = trimmed(input_line(&text)), *value = strchr(name, '=');
        if (*name == '\0' || *name == '#')
            continue;
        must(value != NULL);
        *value++ = '\0';
        name = trimmed(name);
        if (!is_for_serve(name) || strcmp(name, "config") == 0)
            continue;
        if (words.count == WORDS_MAX)
            return;
        list[words.count] = flags[words.count];
        snprintf(flags[words.count++], sizeof flags[0], "--%s=%s", name, trimmed(value));
    }
    must(options_read(&o, FOR_SERVE, &words, NULL, NULL) == ERR_OK);
    check_same(wanted, &o);
    options_done(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char config[96];
    char *list[] = {config};
    struct option_words words = {1, list};
    struct options o;
    struct err e = ERR_INIT;
    const char *path = input_file(data, size);
    snprintf(config, sizeof config, "--config=%s", path);
    enum err_code rc = options_read(&o, FOR_SERVE, &words, NULL, &e);
    must(rc == e.code && (rc == ERR_OK || rc == ERR_BAD_PARAMETER));
    must(rc == ERR_OK || (strncmp(e.text, path, strlen(path)) == 0 && e.text[strlen(path)] == ':'));
    if (rc == ERR_OK) {
        check_ranges(&o);
        if (!memchr(data, '\0', size)) {
            char *text = input_text(data, size);
            check_flags(text, &o);
            free(text);
        }
    }
    options_done(&o);
    return 0;
}
