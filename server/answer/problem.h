/* problem.h - an error as RFC 9457 problem details (application/problem+json). */
#ifndef UPSCALED_SERVER_ANSWER_PROBLEM_H
#define UPSCALED_SERVER_ANSWER_PROBLEM_H

#include "engine/base/err.h"

#define PROBLEM_TYPE "application/problem+json"

/* The body, with a final newline: type, title, status, detail and code; also `limit` and `option` when
 * a limit was crossed. The caller frees it with free(). NULL when memory is out. */
char *problem_json(const struct err *e);

/* The body to send then. */
extern const char problem_no_memory[];

#endif
