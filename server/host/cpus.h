/* cpus.h - how many CPUs this process may use. Threads: any. */
#ifndef UPSCALED_SERVER_HOST_CPUS_H
#define UPSCALED_SERVER_HOST_CPUS_H

/* Returns the number of CPUs of the affinity mask, or the quota of the cgroups if that is less. At
 * least 1. */
int cpus_usable(void);

/* Returns the CPU quota of the cgroups in /proc/self/cgroup and of those above them, in CPUs,
 * rounded up; 0 if none sets a quota. `root` is put before every path; "" is the system's own
 * root. */
int cpus_quota(const char *root);

#endif
