/* cgroup.h - reads the limits that the control groups of this process set: cgroups(7), Linux's
 * admin-guide/cgroup-v2.rst and cgroup-v1. Threads: any. */
#ifndef UPSCALED_SERVER_HOST_CGROUP_H
#define UPSCALED_SERVER_HOST_CGROUP_H

#include <stdint.h>

/* Returns the limit of the group whose files are in `folder`; 0 if it sets none. */
typedef int64_t cgroup_value(const char *folder);

/* Returns the least limit of the groups in /proc/self/cgroup that have this controller, and of the
 * groups above them; 0 if none sets a limit. `root` is put before every path; "" is the system's
 * own root. */
int64_t cgroup_least(const char *root, const char *controller, cgroup_value *at);

/* Reads up to two numbers at the start of `file` in `folder`. Returns how many it found. */
int cgroup_read(const char *folder, const char *file, long long *a, long long *b);

#endif
