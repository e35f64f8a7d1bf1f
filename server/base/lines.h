/* lines.h - reads files with one setting per line: --config and --api-keys. */
#ifndef UPSCALED_SERVER_BASE_LINES_H
#define UPSCALED_SERVER_BASE_LINES_H

#include "engine/base/err.h"

/* Takes one line, which it may change. `where` is "PATH:NUMBER", for sentences about it. */
typedef enum err_code line_taker(void *arg, const char *where, char *line, struct err *e);

/* Calls `take` for every line that is neither empty nor a comment (#), without the blanks around
 * it, until a call fails. ERR_IO; `malformed` for a line of 4 kB or more and for a NUL byte; or the
 * error that `take` returns. */
enum err_code lines_read(const char *path, enum err_code malformed, line_taker *take, void *arg,
                         struct err *e);

/* Removes blanks and line ends around the text, in place. Returns the new beginning. */
char *lines_trim(char *text);

#endif
