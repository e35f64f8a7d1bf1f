/* memory.h - how much memory this process may have, and has. */
#ifndef UPSCALED_SERVER_HOST_MEMORY_H
#define UPSCALED_SERVER_HOST_MEMORY_H

#include <stdint.h>

/* What the control groups of /proc/self/cgroup and those above them grant, less an eighth for what
 * the kernel keeps for us (sockets, page tables); where they grant nothing, or more than the
 * machine has, three quarters of the machine's. `root` is put before every path ("": the system's
 * own). */
int64_t memory_default(const char *root);

/* The resident bytes of this process, of which `statm` is /proc/self/statm, kept open: the sandbox
 * forbids to open it. 0 where the system does not tell. */
int64_t memory_resident(int statm);

#endif
