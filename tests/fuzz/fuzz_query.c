/* fuzz_query.c - the parameters of a request, name=value&name=value. Claim: a second reader with
 * every rule accepts the same ones. */
#include <stdio.h>
#include <string.h>

#include "server/work/api.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 100000;

static bool is_one_of(const char *value, const char *words)
{
    char wanted[80];
    if (strlen(value) > 20 || *value == '\0' || strchr(value, '|'))
        return false;
    snprintf(wanted, sizeof wanted, "|%s|", value);
    return strstr(words, wanted) != NULL;
}

/* Whether the value is digits and, if `part` is set, a fraction of at most 15 digits. */
static bool is_number(const char *value, bool part)
{
    size_t whole = strspn(value, "0123456789"), after = 0;
    if (whole < 1 || whole > 9)
        return false;
    if (part && value[whole] == '.')
        after = 1 + strspn(value + whole + 1, "0123456789");
    return after != 1 && after <= 16 && value[whole + after] == '\0';
}

static bool is_good(const char *name, const char *value)
{
    double number = strtod(value, NULL);
    if (strcmp(name, "model") == 0)
        return *value && strlen(value) <= 64;
    if (strcmp(name, "scale") == 0)
        return is_number(value, true) && number >= 1 && number <= 8;
    if (strcmp(name, "width") == 0 || strcmp(name, "height") == 0)
        return is_number(value, false) && number >= 1;
    if (strcmp(name, "compression") == 0)
        return is_number(value, false) && number <= 9;
    if (strcmp(name, "metadata") == 0)
        return is_one_of(value, "|keep|color|none|");
    if (strcmp(name, "depth") == 0)
        return is_one_of(value, "|same|8|16|");
    if (strcmp(name, "edge") == 0)
        return is_one_of(value, "|replicate|reflect|wrap|zero|");
    return strcmp(name, "alpha") == 0 && is_one_of(value, "|together|separate|");
}

static void check_value(const struct api_request *r, const char *name, const char *value)
{
    if (strcmp(name, "scale") == 0) {
        double off = r->params.size.scale - strtod(value, NULL);
        must(off < 4e-15 && off > -4e-15); /* two roundings of numbers below 8 */
    } else if (strcmp(name, "width") == 0) {
        must(r->params.size.width == (int)strtol(value, NULL, 10));
    } else if (strcmp(name, "height") == 0) {
        must(r->params.size.height == (int)strtol(value, NULL, 10));
    } else if (strcmp(name, "model") == 0) {
        must(strcmp(r->model_name, value) == 0);
    }
}

static void take(struct api_request *r, const char *name, const char *value)
{
    struct err e = ERR_INIT;
    unsigned before = r->seen;
    enum err_code rc = api_set(r, name, value, &e);
    bool known = false, again = rc == ERR_BAD_PARAMETER && r->seen == before;
    for (int i = 0; api_parameter(i); i++)
        if (strcmp(api_parameter(i), name) == 0) {
            known = true;
            again = before >> i & 1;
        }
    must((rc == ERR_OK) == (known && !again && value && is_good(name, value)));
    must(rc == ERR_OK || (rc == ERR_BAD_PARAMETER && e.text[0]));
    if (rc == ERR_OK)
        check_value(r, name, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct options options = {.max_side = 1000, .max_pixels = 1000000};
    struct api_request r;
    char *text = input_text(data, size), *at = text;
    api_request_init(&r, &options);
    for (char *name; (name = strsep(&at, "&")) != NULL;) {
        char *value = strchr(name, '=');
        if (value)
            *value++ = '\0';
        take(&r, name, value);
    }
    api_request_done(&r);
    free(text);
    return 0;
}
