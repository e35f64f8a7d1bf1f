/* params.h - the parameters of a header field: type; name=value; name="value" (RFC 9110, section 5.6.6;
 * RFC 7578, section 4.2). */
#ifndef UPSCALED_SERVER_BASE_PARAMS_H
#define UPSCALED_SERVER_BASE_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

enum { PARAM_NAME_MAX = 31, PARAM_VALUE_MAX = 511 };

struct param {
    char name[PARAM_NAME_MAX + 1];   /* cut when it is longer */
    char value[PARAM_VALUE_MAX + 1]; /* the same; without quotes */
    bool cut;
};

enum params { PARAMS_ONE, PARAMS_END, PARAMS_BAD };

/* Whether the field's value, up to its first semicolon, is `type` in any case. Moves *at behind it. */
bool params_begin(const char **at, const char *type);

/* Reads the next parameter and moves *at behind it. In quotes, a backslash stands for itself, except
 * before a quote and another backslash: some browsers send whole paths. */
enum params params_next(const char **at, struct param *out);

#endif
