/* cpu.h - the sizes of the processor's caches, as the system reports them. */
#ifndef UPSCALED_BASE_CPU_H
#define UPSCALED_BASE_CPU_H

#include <stddef.h>

/* Bytes of one core's second-level cache; 512 KiB where the system does not say. Sizes working
 * sets; results never depend on it. */
size_t cpu_l2_bytes(void);

#endif
