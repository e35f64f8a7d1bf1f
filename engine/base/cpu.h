/* cpu.h - the sizes of the processor's caches, as the system reports them. */
#ifndef UPSCALED_BASE_CPU_H
#define UPSCALED_BASE_CPU_H

#include <stddef.h>

/* Returns the bytes of one core's second-level cache, or 512 KiB if the system does not report
 * them. They determine the size of working sets, but never a result. */
size_t cpu_l2_bytes(void);

#endif
