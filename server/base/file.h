/* file.h - whole files in and out, for the command line. `-` is standard input or output. */
#ifndef UPSCALED_SERVER_BASE_FILE_H
#define UPSCALED_SERVER_BASE_FILE_H

#include <stdbool.h>

#include "engine/base/buf.h"

/* Which files: the limit that out->max comes from, and what is answered beyond it. */
struct file_kind {
    enum err_code too_large;
    const char *option;
};

extern const struct file_kind file_picture; /* ERR_BODY_TOO_LARGE, --max-body */
extern const struct file_kind file_model;   /* ERR_MODEL_LIMIT, --max-model-bytes */

/* Appends the whole file to `out`. ERR_IO; beyond out->max the error of its kind. */
enum err_code file_read(const char *path, const struct file_kind *kind, struct buf *out,
                        struct err *e);

/* ERR_IO: "cannot WHAT PATH: REASON", by errno, and what to do about it where that is known. */
enum err_code file_complain(const char *what, const char *path, struct err *e);

/* Whether file_write could: ERR_IO where there is no such folder, it may not be written to, or
 * `path` is a folder itself. */
enum err_code file_may_write(const char *path, struct err *e);

/* Writes the bytes to `path`: a regular file appears at once and whole (a temporary file beside it,
 * then rename), or not at all; what is no regular file (a device, a pipe) is written to. A symbolic
 * link's target is replaced, not the link. With `keep`, ERR_IO where the file exists. */
enum err_code file_write(const char *path, const struct buf *bytes, bool keep, struct err *e);

#endif
