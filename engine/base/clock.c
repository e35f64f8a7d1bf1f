/* clock.c - see clock.h. */
#include "engine/base/clock.h"

enum { NS_PER_SECOND = 1000000000, NS_PER_MS = 1000000 };

static int64_t read_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t clock_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_thread_ns(void)
{
    return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_process_ns(void)
{
    return read_ns(CLOCK_PROCESS_CPUTIME_ID);
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
