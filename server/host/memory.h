/* memory.h - how much memory this process may use, and how much it uses. Threads: any. */
#ifndef UPSCALED_SERVER_HOST_MEMORY_H
#define UPSCALED_SERVER_HOST_MEMORY_H

#include <stdint.h>

/* Returns seven eighths of what the control groups of /proc/self/cgroup and those above them grant;
 * the kernel uses the rest for the process (sockets, page tables). If they set no limit, or one
 * above the machine's memory, returns three quarters of the machine's memory. `root` is put before
 * every path; "" is the system's own root. */
int64_t memory_default(const char *root);

/* Returns the resident bytes of this process; 0 if they are not known. `statm` is a descriptor of
 * /proc/self/statm, opened before the sandbox forbids it. */
int64_t memory_resident(int statm);

#endif
