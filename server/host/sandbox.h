/* sandbox.h - the process gives up what it will not need: a decoder of other people's files should
 * be able to read a folder of models, answer on sockets that are open, and no more.
 *
 * Three layers, each of which the kernel may lack: no_new_privs (prctl(2)); Landlock (landlock(7):
 * files are read in a few folders and written nowhere, no TCP connection is made and no port bound,
 * signals and abstract sockets end at the process); seccomp (seccomp(2): the system calls that the
 * daemon makes, and others fail with EPERM). Nothing undoes them, and threads inherit them: so
 * after sockets are bound, and before the first thread. */
#ifndef UPSCALED_SERVER_HOST_SANDBOX_H
#define UPSCALED_SERVER_HOST_SANDBOX_H

#include <stdbool.h>

#include "engine/base/err.h"

enum sandbox_mode { SANDBOX_AUTO, SANDBOX_STRICT, SANDBOX_OFF };

enum { SANDBOX_FOLDERS_MAX = 40, SANDBOX_PATH_MAX = 1024 };

/* What may still be done below a folder. */
struct sandbox_folder {
    char path[SANDBOX_PATH_MAX];
    bool remove; /* files may be removed, and not read: for our own unix sockets */
};

struct sandbox_plan {
    struct sandbox_folder folders[SANDBOX_FOLDERS_MAX];
    int count;
};

struct sandbox_state {
    bool no_new_privs;
    int landlock; /* version of its interface, 0: none */
    bool network; /* TCP is forbidden; needs version 4 */
    bool seccomp;
};

/* auto, strict or off; NULL: auto. ERR_BAD_PARAMETER. */
enum err_code sandbox_read_mode(const char *word, enum sandbox_mode *out, struct err *e);

/* Adds a folder; the folder that a file lies in. NULL is skipped, a longer path than there may be
 * not found. */
void sandbox_allow(struct sandbox_plan *plan, const char *folder, bool remove);
void sandbox_allow_beside(struct sandbox_plan *plan, const char *file, bool remove);

/* Enters, as far as the kernel and this build allow; *out says how far. With SANDBOX_STRICT, less
 * than all is ERR_IO, whose sentence names what is missing; a folder that cannot be opened is
 * ERR_IO in any mode but SANDBOX_OFF. */
enum err_code sandbox_enter(enum sandbox_mode mode, const struct sandbox_plan *plan,
                            struct sandbox_state *out, struct err *e);

/* What is missing, for people; "" where nothing is. */
const char *sandbox_missing(const struct sandbox_state *s);

/* The layers. sandbox_landlock.c: the version, or 0; sandbox_seccomp.c: whether it is in force. */
enum err_code sandbox_landlock(const struct sandbox_plan *plan, int *version, struct err *e);
bool sandbox_seccomp(void);

#endif
