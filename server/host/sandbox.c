/* sandbox.c - see sandbox.h. */
#include "server/host/sandbox.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* Sanitizers read /proc, map executable memory, and stop their own threads by ptrace. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool instrumented = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
static const bool instrumented = true;
#else
static const bool instrumented = false;
#endif
#else
static const bool instrumented = false;
#endif

enum { NETWORK_SINCE = 4 };

enum err_code sandbox_read_mode(const char *word, enum sandbox_mode *out, struct err *e)
{
    static const char *const words[] = {
        [SANDBOX_AUTO] = "auto", [SANDBOX_STRICT] = "strict", [SANDBOX_OFF] = "off"};
    *out = SANDBOX_AUTO;
    if (!word)
        return ERR_OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(words[i], word) == 0) {
            *out = (enum sandbox_mode)i;
            return ERR_OK;
        }
    return err_set(e, ERR_BAD_PARAMETER, "--sandbox takes auto, strict or off, not `%.64s`", word);
}

void sandbox_allow(struct sandbox_plan *plan, const char *folder, bool remove)
{
    if (!folder || plan->count == SANDBOX_FOLDERS_MAX)
        return;
    struct sandbox_folder *f = &plan->folders[plan->count++];
    snprintf(f->path, sizeof f->path, "%s", folder);
    f->remove = remove;
}

void sandbox_allow_beside(struct sandbox_plan *plan, const char *file, bool remove)
{
    char folder[SANDBOX_PATH_MAX];
    const char *slash = file ? strrchr(file, '/') : NULL;
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", slash == file ? 1 : (int)(slash - file), file);
    sandbox_allow(plan, !file ? NULL : slash ? folder : ".", remove);
}

const char *sandbox_missing(const struct sandbox_state *s)
{
    if (!s->no_new_privs)
        return "no_new_privs";
    if (instrumented)
        return "Landlock and seccomp, which do not work with the sanitizer of this build";
    if (s->landlock == 0)
        return "Landlock, which this kernel lacks or forbids";
    if (!s->network)
        return "Landlock's network rules, which need Linux 6.7";
    return s->seccomp ? "" : "seccomp, which this kernel lacks or forbids";
}

enum err_code sandbox_enter(enum sandbox_mode mode, const struct sandbox_plan *plan,
                            struct sandbox_state *out, struct err *e)
{
    *out = (struct sandbox_state){.landlock = 0};
    if (mode == SANDBOX_OFF)
        return ERR_OK;
    out->no_new_privs = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (out->no_new_privs && !instrumented) {
        enum err_code rc = sandbox_landlock(plan, &out->landlock, e);
        if (rc != ERR_OK)
            return rc;
        out->network = out->landlock >= NETWORK_SINCE;
        out->seccomp = sandbox_seccomp();
    }
    if (mode == SANDBOX_STRICT && *sandbox_missing(out))
        return err_set(e, ERR_IO, "--sandbox=strict needs %s", sandbox_missing(out));
    return ERR_OK;
}
