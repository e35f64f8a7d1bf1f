/* err.c - records the first error. */
#include "engine/base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum err_code err_set(struct err *e, enum err_code code, const char *format, ...)
{
    if (!e || e->code != ERR_OK)
        return code;
    e->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return code;
}

enum err_code err_set_limit(struct err *e, enum err_code code, const char *option, uint64_t limit,
                            const char *format, ...)
{
    if (!e || e->code != ERR_OK)
        return code;
    e->code = code;
    e->option = option;
    e->limit = limit;
    va_list args;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return code;
}

void err_set_retry(struct err *e, unsigned retry_s)
{
    if (e && e->retry_s == 0)
        e->retry_s = retry_s;
}
