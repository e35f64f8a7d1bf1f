/* errors.h - the table of errors: for each its stable code and its HTTP status. */
#ifndef UPSCALED_SERVER_BASE_ERRORS_H
#define UPSCALED_SERVER_BASE_ERRORS_H

#include "engine/base/err.h"

struct error_row {
    enum err_code code;
    int status;          /* HTTP */
    const char *name;    /* the stable code; programs match it */
    const char *title;   /* a short phrase for people, always the same */
    const char *meaning; /* what it means and what to do: sentences without < > & */
};

/* Returns the row of a code other than ERR_OK, never NULL. */
const struct error_row *error_row(enum err_code code);

#endif
