/* model_text.c - see model_text.h. */
#include "tests/lib/model_text.h"

#include <string.h>

#include "tests/lib/harness.h"

struct model *model_loaded(const char *text)
{
    struct err e = ERR_INIT;
    struct model *m = NULL;
    enum err_code rc =
        model_read(&(struct model_file){"stem", (const uint8_t *)text, strlen(text), NULL},
                   &model_default_limits, &m, &e);
    ck_assert_msg(rc == ERR_OK, "%d: %s", rc, e.text);
    return m;
}

void model_refused(const struct refusal *row)
{
    struct err e = ERR_INIT;
    struct model untouched, *m = &untouched;
    enum err_code rc = model_read(
        &(struct model_file){"stem", (const uint8_t *)row->text, strlen(row->text), NULL},
        &model_default_limits, &m, &e);
    ck_assert_msg(rc == row->code && e.code == rc && strstr(e.text, row->says),
                  "%s\nrefused by %d (%d expected): %s\nexpected: %s", row->text, rc, row->code,
                  e.text, row->says);
    ck_assert_ptr_eq(m, &untouched);
    for (const char *p = e.text; *p; p++)
        ck_assert(*p >= 0x20 && *p <= 0x7e);
}
