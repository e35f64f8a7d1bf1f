/* sandbox.h - gives up the rights that the process does not need. A program that decodes other
 * people's files needs to read a folder of models and to answer on sockets that are open, and no
 * more.
 *
 * There are three layers, and a kernel may lack any of them:
 *   - no_new_privs (prctl(2)).
 *   - Landlock (landlock(7)): the process reads files in a few folders, writes none, makes no
 *     TCP connection, binds no port, and sends no signal and connects to no abstract socket
 *     outside.
 *   - seccomp (seccomp(2)): the process makes the system calls of the daemon; others fail with
 *     EPERM.
 * The layers cannot be removed, and threads inherit them. Enter the sandbox after the sockets are
 * bound and before the first thread starts. */
#ifndef UPSCALED_SERVER_HOST_SANDBOX_H
#define UPSCALED_SERVER_HOST_SANDBOX_H

#include <stdbool.h>

#include "engine/base/err.h"

enum sandbox_mode { SANDBOX_AUTO, SANDBOX_STRICT, SANDBOX_OFF };

enum { SANDBOX_FOLDERS_MAX = 40, SANDBOX_PATH_MAX = 1024 };

/* A folder in which the process keeps rights. */
struct sandbox_folder {
    char path[SANDBOX_PATH_MAX];
    bool remove; /* true: to remove files (unix sockets); false: to read files */
};

struct sandbox_plan {
    struct sandbox_folder folders[SANDBOX_FOLDERS_MAX];
    int count;
};

struct sandbox_state {
    bool no_new_privs;
    int landlock; /* version of the interface; 0: not in force */
    bool network; /* TCP is forbidden; needs version 4 */
    bool seccomp;
};

/* Reads auto, strict or off; NULL: auto. ERR_BAD_PARAMETER. */
enum err_code sandbox_read_mode(const char *word, enum sandbox_mode *out, struct err *e);

/* Add a folder, or the folder of a file, to the plan. NULL is ignored. A path that is too long is
 * cut off, and sandbox_enter does not find it. */
void sandbox_allow(struct sandbox_plan *plan, const char *folder, bool remove);
void sandbox_allow_beside(struct sandbox_plan *plan, const char *file, bool remove);

/* Enters the layers that the kernel and this build have; *out says which. With SANDBOX_STRICT a
 * missing layer is ERR_IO, and the sentence names it. A folder that cannot be opened is ERR_IO in
 * any mode but SANDBOX_OFF. */
enum err_code sandbox_enter(enum sandbox_mode mode, const struct sandbox_plan *plan,
                            struct sandbox_state *out, struct err *e);

/* Returns a text that names the first missing layer; "" if none is missing. */
const char *sandbox_missing(const struct sandbox_state *s);

/* These two functions enter one layer each; sandbox_enter calls them. If the kernel lacks the
 * layer, sandbox_landlock sets *version to 0 and sandbox_seccomp returns false. */
enum err_code sandbox_landlock(const struct sandbox_plan *plan, int *version, struct err *e);
bool sandbox_seccomp(void);

#endif
