/* sandbox_landlock.c - restricts files and the network by Landlock. See sandbox.h.
 *
 * The definitions are repeated here because the header of Debian 12 has only those of version 1.
 * They follow include/uapi/linux/landlock.h of Linux, whose numbers never change. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/base/file.h"
#include "server/host/sandbox.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444 /* the same on every architecture */
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { QUERY_VERSION = 1, RULE_PATH_BENEATH = 1 };

enum {
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_FILE = 1 << 5,
    FS_VERSION_1 = (1 << 13) - 1, /* execute, write, read, remove, make */
    FS_REFER = 1 << 13,           /* since 2 */
    FS_TRUNCATE = 1 << 14,        /* since 3 */
    FS_IOCTL_DEV = 1 << 15,       /* since 5 */
    NET_ALL = 3,                  /* bind and connect of TCP, since 4 */
    SCOPE_ALL = 3,                /* abstract unix sockets and signals, since 6 */
};

struct ruleset {
    uint64_t fs, net, scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

/* Makes a ruleset of all that this version can forbid. Older versions have a shorter structure. */
static int make_ruleset(int version)
{
    struct ruleset rules = {.fs = FS_VERSION_1};
    size_t size = sizeof rules.fs;
    rules.fs |= version >= 2 ? FS_REFER : 0;
    rules.fs |= version >= 3 ? FS_TRUNCATE : 0;
    rules.fs |= version >= 5 ? FS_IOCTL_DEV : 0;
    if (version >= 4) {
        rules.net = NET_ALL;
        size += sizeof rules.net;
    }
    if (version >= 6) {
        rules.scoped = SCOPE_ALL;
        size += sizeof rules.scoped;
    }
    return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
}

static enum err_code complain(const char *path, struct err *e)
{
    return err_set(e, ERR_IO, "sandbox: cannot allow %.160s: %s", path, strerror(errno));
}

static enum err_code allow(int ruleset, const struct sandbox_folder *folder, struct err *e)
{
    struct path_beneath rule = {folder->remove ? FS_REMOVE_FILE : FS_READ_FILE | FS_READ_DIR, -1};
    rule.parent_fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return file_complain("open", folder->path, e);
    long failed = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    int why = errno;
    close(rule.parent_fd);
    errno = why;
    return failed ? complain(folder->path, e) : ERR_OK;
}

enum err_code sandbox_landlock(const struct sandbox_plan *plan, int *version, struct err *e)
{
    enum err_code rc = ERR_OK;
    long offered = syscall(SYS_landlock_create_ruleset, NULL, 0, QUERY_VERSION);
    *version = 0;
    if (offered < 1)
        return ERR_OK;
    int ruleset = make_ruleset((int)offered);
    if (ruleset < 0)
        return ERR_OK;
    for (int i = 0; i < plan->count && rc == ERR_OK; i++)
        rc = allow(ruleset, &plan->folders[i], e);
    if (rc == ERR_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0)
        *version = (int)offered;
    close(ruleset);
    return rc;
}
