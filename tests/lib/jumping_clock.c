/* jumping_clock.c - a library for LD_PRELOAD: the time of day jumps by days, forwards and backwards,
 * from one reading to the next, as it does when somebody sets it. The monotonic clock is true. */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60 };

/* Days to add; a different number at each reading, from -9 to 9. */
static long jump(void)
{
    static atomic_uint readings;
    unsigned n = atomic_fetch_add(&readings, 1);
    return (long)(n * 7 % 19) - 9;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    int result = (int)syscall(SYS_clock_gettime, clock, t);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        t->tv_sec += jump() * DAY;
    return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t)
        *t = now.tv_sec;
    return now.tv_sec;
}
