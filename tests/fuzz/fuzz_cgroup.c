/* fuzz_cgroup.c - the limits of control groups, in a folder that looks like the system's: the first
 * line is memory.max, the second cpu.max, and the rest is /proc/self/cgroup.
 *
 * Claims: a limit is the one in the group's file, or there is none. No text makes it negative, or
 * makes the reader read elsewhere. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/host/cgroup.h"
#include "server/host/cpus.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/input.h"

const int fuzz_rounds = 5000;

static char root[64];

static void make_folder(const char *path)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", root, path);
    must(mkdir(full, 0700) == 0 || errno == EEXIST);
}

static void remove_root(void)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", root);
    (void)!system(command);
}

static void make_root(void)
{
    static const char *const folders[] = {"/proc",   "/proc/self",     "/sys",
                                          "/sys/fs", "/sys/fs/cgroup", "/sys/fs/cgroup/a"};
    /* files in memory are a hundred times as fast as those of some disks */
    snprintf(root, sizeof root, "%s/upscaled-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    must(mkdtemp(root) != NULL);
    atexit(remove_root);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        make_folder(folders[i]);
}

static void put(const char *path, const char *text)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", root, path);
    FILE *f = fopen(full, "w");
    must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static int asked;

/* Returns the limit of a group. Every folder that is asked must lie below the root. */
static int64_t memory_of(const char *folder)
{
    long long bytes, other;
    asked++;
    must(strncmp(folder, root, strlen(root)) == 0);
    return cgroup_read(folder, "memory.max", &bytes, &other) > 0 ? bytes : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_text(data, size), *rest = text;
    const char *memory = input_line(&rest), *cpu = input_line(&rest);
    long long bytes = 0;
    if (!*root)
        make_root();
    put("/sys/fs/cgroup/a/memory.max", memory);
    put("/sys/fs/cgroup/a/cpu.max", cpu);
    put("/proc/self/cgroup", rest);
    asked = 0;
    int64_t least = cgroup_least(root, "memory", memory_of);
    bool number = sscanf(memory, "%lld", &bytes) == 1 && bytes > 0;
    must(least == 0 || (number && asked > 0 && least == bytes));
    must(cpus_quota(root) >= 0);
    put("/proc/self/cgroup", "0::/a\n");
    must(cgroup_least(root, "memory", memory_of) == (number ? bytes : 0));
    free(text);
    return 0;
}
