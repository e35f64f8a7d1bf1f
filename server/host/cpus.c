/* cpus.c - see cpus.h. */
#include "server/host/cpus.h"

#include <sched.h>

#include "server/host/cgroup.h"

enum { CPUS_MAX = 1024 };

/* Version 2 has "max 100000" or two numbers in one file. Version 1 has a file for each number. */
static int64_t quota_at(const char *folder)
{
    long long granted = 0, period = 0, ignored;
    if (cgroup_read(folder, "cpu.max", &granted, &period) != 2 &&
        (cgroup_read(folder, "cpu.cfs_quota_us", &granted, &ignored) != 1 ||
         cgroup_read(folder, "cpu.cfs_period_us", &period, &ignored) != 1))
        return 0;
    if (granted <= 0 || period <= 0 || granted / period >= CPUS_MAX)
        return 0;
    return granted / period + (granted % period != 0); /* the sum of both could overflow */
}

int cpus_quota(const char *root)
{
    return (int)cgroup_least(root, "cpu", quota_at);
}

int cpus_usable(void)
{
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    int granted = cpus_quota("");
    return granted > 0 && granted < cpus ? granted : cpus;
}
