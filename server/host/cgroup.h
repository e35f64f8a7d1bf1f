/* cgroup.h - what the control groups of this process grant: cgroups(7), Linux's
 * admin-guide/cgroup-v2.rst and cgroup-v1. */
#ifndef UPSCALED_SERVER_HOST_CGROUP_H
#define UPSCALED_SERVER_HOST_CGROUP_H

#include <stdint.h>

/* What the group whose files are in `folder` grants; 0: nothing said. */
typedef int64_t cgroup_value(const char *folder);

/* The least that the groups of /proc/self/cgroup with this controller, and those above them, say; 0
 * where none says anything. `root` is put before every path ("": the system's own). */
int64_t cgroup_least(const char *root, const char *controller, cgroup_value *at);

/* The one or two numbers at the start of a file; how many were there. */
int cgroup_read(const char *folder, const char *file, long long *a, long long *b);

#endif
