/* fail_open.c - a library for LD_PRELOAD: the program may have no more descriptors while it opens its
 * nth file or folder. A test says which through the file that FAIL_OPEN names, which both map. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static atomic_llong unheard = -1;
static atomic_llong *countdown = &unheard; /* openings before the one that fails */

static int (*real_open)(const char *, int, mode_t);
static int (*real_mkostemp)(char *, int);
static FILE *(*real_fopen)(const char *, const char *);
static int (*real_scandir)(const char *, struct dirent ***, int (*)(const struct dirent *),
                           int (*)(const struct dirent **, const struct dirent **));

__attribute__((constructor)) static void find_order(void)
{
    real_open = (__typeof__(real_open))dlsym(RTLD_NEXT, "open");
    real_mkostemp = (__typeof__(real_mkostemp))dlsym(RTLD_NEXT, "mkostemp");
    real_fopen = (__typeof__(real_fopen))dlsym(RTLD_NEXT, "fopen");
    real_scandir = (__typeof__(real_scandir))dlsym(RTLD_NEXT, "scandir");
    const char *path = getenv("FAIL_OPEN");
    int fd = path ? real_open(path, O_RDWR | O_CLOEXEC, 0) : -1;
    void *map = fd < 0 ? MAP_FAILED
                       : mmap(NULL, sizeof *countdown, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        abort();
    close(fd);
    countdown = map;
}

/* Allows the process this many descriptors. Returns how many it had; keeps errno. */
static rlim_t allow(rlim_t count)
{
    int why = errno;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    rlim_t before = files.rlim_cur;
    files.rlim_cur = count;
    setrlimit(RLIMIT_NOFILE, &files);
    errno = why;
    return before;
}

/* Calls a function, without descriptors if its turn has come. */
#define CALLED(type, call)                                                                         \
    do {                                                                                           \
        bool fails = atomic_fetch_sub(countdown, 1) == 0;                                          \
        rlim_t before = fails ? allow(0) : 0;                                                      \
        type result = call;                                                                        \
        if (fails)                                                                                 \
            allow(before);                                                                         \
        return result;                                                                             \
    } while (0)

int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    CALLED(int, real_open(path, flags, mode));
}

int mkostemp(char *name, int flags)
{
    CALLED(int, real_mkostemp(name, flags));
}

FILE *fopen(const char *path, const char *mode)
{
    CALLED(FILE *, real_fopen(path, mode));
}

int scandir(const char *path, struct dirent ***names, int (*wanted)(const struct dirent *),
            int (*order)(const struct dirent **, const struct dirent **))
{
    CALLED(int, real_scandir(path, names, wanted, order));
}
