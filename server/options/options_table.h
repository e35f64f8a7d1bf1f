/* options_table.h - the table of options, for options.c and the pages that are made from it. */
#ifndef UPSCALED_SERVER_OPTIONS_OPTIONS_TABLE_H
#define UPSCALED_SERVER_OPTIONS_OPTIONS_TABLE_H

#include <stddef.h>

#include "server/options/options.h"

enum option_type {
    OPTION_COUNT, /* a whole number */
    OPTION_BYTES, /* a whole number, usually given with K, M or G */
    OPTION_TEXT,
    OPTION_LIST, /* a struct option_list: text, may be repeated */
    OPTION_FLAG,
};

struct option_row {
    const char *name;
    enum option_type type;
    size_t field; /* offset in struct options */
    int commands; /* the sub-commands that take it, FOR_* */
    int64_t standard, least, most;
    bool limit; /* /v1/limits lists it */
    const char *help;
};

extern const struct option_row option_rows[];
extern const int option_count;

/* Writes 64M for 67108864. */
void options_write_size(FILE *out, int64_t value);

#endif
