/* cpu.c - see cpu.h. */
#include "engine/base/cpu.h"

#include <unistd.h>

size_t cpu_l2_bytes(void)
{
    long bytes = -1;
#ifdef _SC_LEVEL2_CACHE_SIZE
    bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return bytes > 0 ? (size_t)bytes : 512 * 1024;
}
