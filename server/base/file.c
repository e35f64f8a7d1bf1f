/* file.c - see file.h. */
#include "server/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a person can do about an error. */
static const struct {
    int why;
    const char *next;
} steps[] = {
    {ENOENT, "; check the path"},
    {EISDIR, "; name the files in it"},
    {ENOSPC, "; make room, or write elsewhere"},
    {EDQUOT, "; make room, or write elsewhere"},
    {EFBIG, "; raise the limit of file sizes (ulimit -f)"},
    {EROFS, "; write elsewhere"},
};

enum err_code file_complain(const char *what, const char *path, struct err *e)
{
    int why = errno;
    const char *next = "";
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].why == why)
            next = steps[i].next;
    return err_set(e, why == ENOMEM ? ERR_MEMORY : ERR_IO, "cannot %s %s: %s%s", what, path,
                   strerror(why), next);
}

const struct file_kind file_picture = {ERR_BODY_TOO_LARGE, "max-body"};
const struct file_kind file_model = {ERR_MODEL_LIMIT, "max-model-bytes"};

/* Makes room for a regular file at once. What grows after this is read all the same. */
static enum err_code reserve(int fd, struct buf *out, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
        (uint64_t)st.st_size > out->max - out->length)
        return ERR_OK;
    return buf_reserve(out, out->length + (size_t)st.st_size, e);
}

enum err_code file_read(const char *path, const struct file_kind *kind, struct buf *out,
                        struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return file_complain("open", path, e);
    static const size_t step = 65536;
    uint8_t chunk[65536];
    enum err_code rc = reserve(fd, out, e);
    while (rc == ERR_OK) {
        ssize_t got = read(fd, chunk, step);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            rc = file_complain("read", path, e);
        if (got <= 0)
            break;
        if ((size_t)got > out->max - out->length)
            rc = err_set_limit(e, kind->too_large, kind->option, out->max,
                               "%.160s is larger than %zu bytes (--%s)",
                               standard ? "standard input" : path, out->max, kind->option);
        else
            rc = buf_append(out, chunk, (size_t)got, e);
    }
    if (!standard)
        close(fd);
    return rc;
}

enum err_code file_must_be_regular(const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(e, ERR_IO, "cannot read %s: it is not a regular file; move it away", path);
    return ERR_OK;
}

static enum err_code write_all(int fd, const char *path, const struct buf *bytes, struct err *e)
{
    size_t done = 0;
    while (done < bytes->length) {
        ssize_t n = write(fd, bytes->data + done, bytes->length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_complain("write", path, e);
        done += (size_t)n;
    }
    return ERR_OK;
}

static enum err_code write_in_place(const char *path, const struct buf *bytes, struct err *e)
{
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return file_complain("open", path, e);
    enum err_code rc = write_all(fd, path, bytes, e);
    if (!standard && close(fd) != 0 && rc == ERR_OK)
        rc = file_complain("write", path, e);
    return rc;
}

/* Makes "dir/.name.XXXXXX" of "dir/name". Returns false if the name is too long. */
static bool temporary_name(const char *path, char name[PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    return snprintf(name, PATH_MAX, "%.*s.%s.XXXXXX", folder, path, path + folder) < PATH_MAX;
}

/* Returns the mode of any new file, which an output gets. mkstemp makes files that only their owner
 * may read. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static enum err_code write_beside(const char *path, mode_t mode, const struct buf *bytes, bool keep,
                                  struct err *e)
{
    char name[PATH_MAX];
    if (!temporary_name(path, name))
        return err_set(e, ERR_IO, "the path %s is too long", path);
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return file_complain("make a temporary file beside", path, e);
    enum err_code rc = write_all(fd, path, bytes, e);
    if (rc == ERR_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        rc = file_complain("write", path, e);
    if (close(fd) != 0 && rc == ERR_OK)
        rc = file_complain("write", path, e);
    /* link refuses to replace a file, rename replaces it: each in one step */
    if (rc == ERR_OK && (keep ? link(name, path) : rename(name, path)) != 0)
        rc = file_complain("write", path, e);
    if (rc != ERR_OK || keep)
        unlink(name);
    return rc;
}

enum err_code file_may_write(const char *path, struct err *e)
{
    struct stat st;
    char folder[PATH_MAX] = ".";
    if (strcmp(path, "-") == 0)
        return ERR_OK;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return err_set(e, ERR_IO, "cannot write %s: it is a folder; --output-dir %s writes into it",
                       path, path);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return ERR_OK;
    const char *slash = strrchr(path, '/');
    if (slash) /* "/" alone keeps its slash */
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + (slash == path), path);
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
        return err_set(e, ERR_IO, "cannot write %s: the folder %s does not exist; make it first",
                       path, folder);
    if (access(folder, W_OK | X_OK) != 0)
        return err_set(e, ERR_IO, "cannot write %s: the folder %s: %s; write elsewhere", path,
                       folder, strerror(errno));
    return ERR_OK;
}

enum err_code file_write(const char *path, const struct buf *bytes, bool keep, struct err *e)
{
    struct stat st;
    bool exists = strcmp(path, "-") == 0 || stat(path, &st) == 0;
    if (strcmp(path, "-") == 0 || (exists && !S_ISREG(st.st_mode)))
        return write_in_place(path, bytes, e);
    if (!exists)
        return write_beside(path, usual_mode(), bytes, keep, e);
    char *target = realpath(path, NULL);
    if (!target)
        return file_complain("find", path, e);
    enum err_code rc = write_beside(target, st.st_mode & 07777, bytes, keep, e);
    free(target);
    return rc;
}
