/* cpus.c - see cpus.h. Control groups: cgroups(7), Linux's admin-guide/cgroup-v2.rst, "CPU". */
#include "server/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 1024, CPUS_MAX = 1024 };

/* The one or two numbers at the start of a file; how many were there. */
static int read_numbers(const char *folder, const char *file, long long *a, long long *b)
{
    char path[PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    int count = fscanf(f, "%lld %lld", a, b);
    fclose(f);
    return count;
}

/* Version 2 says "max 100000" or two numbers in one file; version 1 has a file for each. */
static int quota_at(const char *folder)
{
    long long granted = 0, period = 0, ignored;
    if (read_numbers(folder, "cpu.max", &granted, &period) != 2 &&
        (read_numbers(folder, "cpu.cfs_quota_us", &granted, &ignored) != 1 ||
         read_numbers(folder, "cpu.cfs_period_us", &period, &ignored) != 1))
        return 0;
    if (granted <= 0 || period <= 0 || granted / period >= CPUS_MAX)
        return 0;
    return (int)((granted + period - 1) / period);
}

/* The least of `path` and all above it, below `mount`. A container may see its own group mounted
 * at the top while `path` names it from outside; then only the top is there. */
static int quota_upwards(const char *mount, const char *path)
{
    char folder[PATH_BYTES];
    size_t top = strlen(mount);
    int least = 0;
    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder)
        return 0;
    for (;;) {
        int here = quota_at(folder);
        if (here > 0 && (least == 0 || here < least))
            least = here;
        char *slash = strrchr(folder + top, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

static int has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (; *list; list += *list == ',') {
        size_t here = strcspn(list, ",");
        if (here == length && strncmp(list, word, length) == 0)
            return 1;
        list += here;
    }
    return 0;
}

/* "0::/a/b" is version 2, "4:cpu,cpuacct:/a/b" the one that counts of version 1. */
static int quota_of_line(const char *root, char *line)
{
    char mount[PATH_BYTES];
    char *controllers = strchr(line, ':');
    char *path = controllers ? strchr(++controllers, ':') : NULL;
    if (!path)
        return 0;
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    if (*controllers && !has_word(controllers, "cpu"))
        return 0;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s", root, *controllers ? "/cpu" : "");
    return quota_upwards(mount, path);
}

int cpus_quota(const char *root)
{
    char path[PATH_BYTES], line[PATH_BYTES];
    int least = 0;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f)) {
        int here = quota_of_line(root, line);
        if (here > 0 && (least == 0 || here < least))
            least = here;
    }
    fclose(f);
    return least;
}

int cpus_usable(void)
{
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    int granted = cpus_quota("");
    return granted > 0 && granted < cpus ? granted : cpus;
}
