/* commands.c - what the sub-commands share. */
#include "server/commands.h"

#include <sched.h>
#include <stdio.h>

#include "server/errors.h"

void command_complain(const char *about, const struct err *e)
{
    fprintf(stderr, "upscaled: %s%s%s (%s)\n", about ? about : "", about ? ": " : "", e->text,
            error_row(e->code)->name);
}

/* CPUs' worth of time a cgroup grants, rounded up; 0 where it sets no quota. */
static int quota(void)
{
    long long granted = 0, period = 0;
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r"); /* version 2: "max 100000" or two numbers */
    if (f) {
        if (fscanf(f, "%lld %lld", &granted, &period) != 2)
            granted = 0;
        fclose(f);
    } else if ((f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r"))) {
        if (fscanf(f, "%lld", &granted) != 1)
            granted = 0;
        fclose(f);
        f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "r");
        if (f && fscanf(f, "%lld", &period) != 1)
            period = 0;
        if (f)
            fclose(f);
    }
    if (granted <= 0 || period <= 0 || granted > period * 1024)
        return 0;
    return (int)((granted + period - 1) / period);
}

int command_cpus(void)
{
    cpu_set_t set;
    int cpus = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    int granted = quota();
    return granted > 0 && granted < cpus ? granted : cpus;
}
