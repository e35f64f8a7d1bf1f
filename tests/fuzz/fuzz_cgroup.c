/* fuzz_cgroup.c - the limits of control groups, in a folder that looks like the system's: the first
 * line is memory.max, the second cpu.max, and the rest is /proc/self/cgroup. The only group that
 * sets limits is `a`, of version 2 and of both hierarchies of version 1.
 *
 * Claims: the limits of `a` are found if a line of the file, read by the rules of cgroups(7), names
 * it or a group below it; otherwise there is none. No text makes the reader read elsewhere. */
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

enum { LINE_MOST = 900 }; /* longer lines are cut by the reader, so nothing is claimed of them */

static char root[64];

static void make_folder(const char *path)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", root, path);
    must(mkdir(full, 0700) == 0 || errno == EEXIST);
}

/* Makes the hierarchy of a controller, of version 1, which has the same groups. */
static void make_link(const char *controller)
{
    char full[128];
    snprintf(full, sizeof full, "%s/sys/fs/cgroup/%s", root, controller);
    must(symlink(".", full) == 0);
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
    make_link("memory");
    make_link("cpu");
}

static void put(const char *path, const char *text)
{
    char full[128];
    snprintf(full, sizeof full, "%s%s", root, path);
    FILE *f = fopen(full, "w");
    must(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* Returns the limit of a group. Every folder that is asked must lie below the root. */
static int64_t memory_of(const char *folder)
{
    long long bytes, other;
    must(strncmp(folder, root, strlen(root)) == 0);
    return cgroup_read(folder, "memory.max", &bytes, &other) > 0 ? bytes : 0;
}

/* --- a second reader ------------------------------------------------------------------------- */

/* Whether the path is the folder of the group `a`, whatever way it takes there. */
static bool is_group(const char *path)
{
    static struct stat group;
    struct stat here;
    char full[128];
    snprintf(full, sizeof full, "%s/sys/fs/cgroup/a", root);
    must(group.st_ino != 0 || stat(full, &group) == 0);
    return stat(path, &here) == 0 && here.st_ino == group.st_ino && here.st_dev == group.st_dev;
}

/* Whether a controller is in the list of a line, where commas separate them. */
static bool is_listed(const char *list, size_t length, const char *controller)
{
    for (const char *end = list + length; list < end;) {
        const char *comma = memchr(list, ',', (size_t)(end - list));
        const char *stop = comma ? comma : end, *from = list, *to = stop;
        while (from < to && strchr(" \t", *from))
            from++;
        while (to > from && strchr(" \t", to[-1]))
            to--;
        if ((size_t)(to - from) == strlen(controller) &&
            memcmp(from, controller, strlen(controller)) == 0)
            return true;
        list = stop + 1;
    }
    return false;
}

/* Whether a line, number:controllers:path, names `a` or a group below it. */
static bool names_group(const char *line, size_t length, const char *controller)
{
    char path[LINE_MOST + 128];
    const char *end = line + length, *list = memchr(line, ':', length);
    const char *name = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;
    if (!name)
        return false;
    bool second = name == list + 1;
    if (!second && !is_listed(list + 1, (size_t)(name - list - 1), controller))
        return false;
    int top = snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s", root, second ? "" : "/",
                       second ? "" : controller);
    for (const char *stop = end; stop > name; stop--) {
        bool whole = stop == end || *stop == '/';
        memcpy(path + top, name + 1, (size_t)(stop - name - 1));
        path[top + (int)(stop - name - 1)] = '\0';
        if (whole && is_group(path))
            return true;
    }
    return false;
}

/* Whether a line of /proc/self/cgroup does. Sets *short_lines to false if one is too long. */
static bool is_named(const char *text, const char *controller, bool *short_lines)
{
    bool named = false;
    *short_lines = true;
    for (size_t length; *text; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if (length > LINE_MOST)
            *short_lines = false;
        else
            named |= names_group(text, length, controller);
    }
    return named;
}

/* Reads a number as the kernel writes it, with blanks before and a sign. Moves *text past it. */
static bool read_number(const char **text, int64_t *out)
{
    const char *at = *text + strspn(*text, " \t\r\v\f");
    bool minus = *at == '-';
    at += minus || *at == '+';
    size_t digits = strspn(at, "0123456789");
    *out = 0;
    for (size_t i = 0; i < digits; i++)
        if (__builtin_mul_overflow(*out, 10, out) || __builtin_add_overflow(*out, at[i] - '0', out))
            *out = INT64_MAX; /* the next digit cannot make it less */
    *out = minus ? -*out : *out;
    *text = at + digits;
    return digits > 0;
}

/* Returns how many CPUs "quota period" grants, rounded up. A quota of 1024 and more is none. */
static int cpus_of(const char *cpu)
{
    int64_t quota, period;
    if (!read_number(&cpu, &quota) || !read_number(&cpu, &period) || quota <= 0 || period <= 0)
        return 0;
    int64_t whole = quota / period;
    return whole >= 1024 ? 0 : (int)(whole + (whole * period < quota));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_text(data, size), *rest = text;
    const char *memory = input_line(&rest), *cpu = input_line(&rest);
    int64_t number,
        bytes = read_number(&(const char *){memory}, &number) && number > 0 ? number : 0;
    bool short_lines;
    if (!*root)
        make_root();
    put("/sys/fs/cgroup/a/memory.max", memory);
    put("/sys/fs/cgroup/a/cpu.max", cpu);
    put("/proc/self/cgroup", rest);
    int64_t least = cgroup_least(root, "memory", memory_of);
    int cpus = cpus_quota(root);
    bool named = is_named(rest, "memory", &short_lines);
    must(least == (named ? bytes : 0) || !short_lines);
    named = is_named(rest, "cpu", &short_lines);
    must(cpus == (named ? cpus_of(cpu) : 0) || !short_lines);
    put("/proc/self/cgroup", "0::/a\n");
    must(cgroup_least(root, "memory", memory_of) == bytes);
    must(cpus_quota(root) == cpus_of(cpu));
    free(text);
    return 0;
}
