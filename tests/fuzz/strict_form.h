/* strict_form.h - a second reader of forms (RFC 7578, RFC 2046 section 5.1), for fuzz targets. It
 * sees the whole form at once, and shares no code with the server. What it allows beyond the RFCs
 * is what multipart.h and params.h say: blanks around `=`, folded lines, and any byte in a word but
 * blanks, quotes and semicolons. */
#ifndef UPSCALED_TESTS_FUZZ_STRICT_FORM_H
#define UPSCALED_TESTS_FUZZ_STRICT_FORM_H

#include "tests/fuzz/strict_http.h"

struct strict_part {
    char name[64], file_name[128], encoding[32];
    struct strict_text data;
};

/* Whether a Content-Type is that of a form. */
bool strict_is_form(struct strict_text type);

/* Calls `each` for the parts of a form, in order. Returns whether it is well formed; otherwise the
 * parts mean nothing. */
bool strict_form(struct strict_text type, struct strict_text body,
                 void (*each)(void *arg, const struct strict_part *part), void *arg);

#endif
