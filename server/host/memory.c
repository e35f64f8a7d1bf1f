/* memory.c - see memory.h. */
#include "server/host/memory.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/host/cgroup.h"

enum { PATH_BYTES = 1024 };

static const int64_t least_machine = (int64_t)64 << 20; /* if /proc/meminfo cannot be read */

/* Version 2 has "max" or a number. Version 1 has a number, which is very large if no limit is
 * set. */
static int64_t limit_at(const char *folder)
{
    long long bytes = 0, ignored;
    if (cgroup_read(folder, "memory.max", &bytes, &ignored) != 1 &&
        cgroup_read(folder, "memory.limit_in_bytes", &bytes, &ignored) != 1)
        return 0;
    return bytes;
}

static int64_t of_machine(const char *root)
{
    char path[PATH_BYTES], line[128];
    long long kib = 0;
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    FILE *f = fopen(path, "r");
    while (f && kib == 0 && fgets(line, sizeof line, f))
        if (strncmp(line, "MemTotal:", 9) == 0)
            (void)!sscanf(line + 9, "%lld", &kib);
    if (f)
        fclose(f);
    return kib > 0 ? kib * 1024 : least_machine;
}

int64_t memory_default(const char *root)
{
    int64_t machine = of_machine(root), group = cgroup_least(root, "memory", limit_at);
    return group > 0 && group < machine ? group / 8 * 7 : machine / 4 * 3;
}

int64_t memory_resident(int statm)
{
    char text[128];
    long long ignored, pages = 0;
    ssize_t got = pread(statm, text, sizeof text - 1, 0);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    (void)!sscanf(text, "%lld %lld", &ignored, &pages);
    return pages * sysconf(_SC_PAGESIZE);
}
