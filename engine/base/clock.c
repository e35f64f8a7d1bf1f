/* clock.c - see clock.h. */
#include "engine/base/clock.h"

enum { NS_PER_SECOND = 1000000000, NS_PER_MS = 1000000 };

int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t clock_thread_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t clock_ms(void)
{
    return clock_ns() / NS_PER_MS;
}

double clock_ms_between(int64_t from_ns, int64_t to_ns)
{
    return (double)(to_ns - from_ns) / NS_PER_MS;
}

struct timespec clock_after(int64_t ns)
{
    int64_t until = clock_ns() + ns;
    return (struct timespec){.tv_sec = until / NS_PER_SECOND, .tv_nsec = until % NS_PER_SECOND};
}
