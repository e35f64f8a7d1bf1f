/* params.h - reads the parameters of a header field: type; name=value; name="value" (RFC 9110,
 * section 5.6.6; RFC 7578, section 4.2). */
#ifndef UPSCALED_SERVER_BASE_PARAMS_H
#define UPSCALED_SERVER_BASE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

enum { PARAM_NAME_MAX = 31, PARAM_VALUE_MAX = 511 };

struct param {
    char name[PARAM_NAME_MAX + 1];   /* a longer name is cut */
    char value[PARAM_VALUE_MAX + 1]; /* without quotes; a longer value is cut */
    bool cut;
};

enum params { PARAMS_ONE, PARAMS_END, PARAMS_BAD };

/* Whether the value of the field, up to its first semicolon, is `type` in upper or lower case.
 * Moves *at past it. */
bool params_begin(const char **at, const char *type);

/* Reads the next parameter and moves *at past it. In quotes, a backslash stands for itself, except
 * before a quote or another backslash: some browsers send whole paths. */
enum params params_next(const char **at, struct param *out);

#endif
