/* problem.h - describes an error as RFC 9457 problem details (application/problem+json). Threads:
 * pure functions. */
#ifndef UPSCALED_SERVER_ANSWER_PROBLEM_H
#define UPSCALED_SERVER_ANSWER_PROBLEM_H

#include "engine/base/err.h"

#define PROBLEM_TYPE "application/problem+json"

/* Returns the body, with a final newline: type, title, status, detail and code, and also `limit`
 * and `option` if a limit was exceeded. The caller frees it with free(). NULL if memory is out. */
char *problem_json(const struct err *e);

/* The body to send if problem_json returns NULL. */
extern const char problem_no_memory[];

#endif
