/* cpus.h - how many CPUs this process may use. */
#ifndef UPSCALED_SERVER_HOST_CPUS_H
#define UPSCALED_SERVER_HOST_CPUS_H

/* The CPUs of its affinity, or its cgroups' quota where that is less; at least 1. */
int cpus_usable(void);

/* CPUs' worth of time that the cgroups of /proc/self/cgroup and those above them grant, rounded up;
 * 0 where none sets a quota. `root` is put before every path ("": the system's own). */
int cpus_quota(const char *root);

#endif
