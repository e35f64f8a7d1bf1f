/* file.h - reads and writes whole files. `-` is standard input or output. */
#ifndef UPSCALED_SERVER_BASE_FILE_H
#define UPSCALED_SERVER_BASE_FILE_H

#include <stdbool.h>

#include "engine/base/buf.h"

/* A kind of file: the option that limits its size, and the error for larger files. */
struct file_kind {
    enum err_code too_large;
    const char *option;
};

extern const struct file_kind file_picture; /* ERR_BODY_TOO_LARGE, --max-body */
extern const struct file_kind file_model;   /* ERR_MODEL_LIMIT, --max-model-bytes */

/* Appends the whole file to `out`. ERR_IO, or the error of its kind if the file is larger than
 * out->max. */
enum err_code file_read(const char *path, const struct file_kind *kind, struct buf *out,
                        struct err *e);

/* Checks that `path` is a regular file or cannot be examined. ERR_IO if it is anything else:
 * opening a pipe, for example, waits for its writer. */
enum err_code file_must_be_regular(const char *path, struct err *e);

/* Sets ERR_IO, or ERR_MEMORY if memory is out, with the sentence "cannot WHAT PATH: REASON". The
 * reason comes from errno. If it is known what a person can do, the sentence says so. */
enum err_code file_complain(const char *what, const char *path, struct err *e);

/* Checks whether file_write would succeed. ERR_IO if the folder does not exist or cannot be written
 * to, or if `path` is a folder itself. */
enum err_code file_may_write(const char *path, struct err *e);

/* Writes the bytes to `path`. A regular file appears complete in one step, or not at all: the bytes
 * go to a temporary file beside it, which is then renamed. Devices and pipes are written in place.
 * If `path` is a symbolic link, its target is replaced. With `keep`, ERR_IO if the file exists. */
enum err_code file_write(const char *path, const struct buf *bytes, bool keep, struct err *e);

#endif
