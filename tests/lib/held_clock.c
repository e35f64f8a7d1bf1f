/* held_clock.c - a library for LD_PRELOAD: the monotonic clock stands still until a test moves it. So
 * a deadline passes when the test says so, however slow the machine is. It also counts the naps of
 * the process: the daemon looks at its deadlines between two of them. A test controls it through the
 * file that HELD_CLOCK names, which both map. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NS = 1000000000 };

struct held {
    atomic_llong now_ns;
    atomic_llong naps;
};

static struct held *held;

__attribute__((constructor)) static void find_clock(void)
{
    const char *path = getenv("HELD_CLOCK");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *held, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    close(fd);
    held = map;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    if (!held || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE))
        return (int)syscall(SYS_clock_gettime, clock, t);
    long long now = atomic_load(&held->now_ns);
    *t = (struct timespec){(time_t)(now / NS), (long)(now % NS)};
    return 0;
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
    atomic_fetch_add(&held->naps, 1);
    return (int)syscall(SYS_nanosleep, wanted, left);
}
