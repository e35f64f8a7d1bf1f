/* fail_malloc.c - a library for LD_PRELOAD: makes one allocation of the process fail, whether the
 * program or a library asks for it, and counts the live blocks. A test controls it through the file
 * that FAIL_MALLOC names, which both map. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

struct order {
    atomic_llong countdown; /* allocations before the one that fails; negative: none fails */
    atomic_llong live;      /* blocks that are not freed */
};

static struct order unheard = {-1, 0};
static struct order *order = &unheard;

/* What runs after main is not the program's: counters of coverage are written then, by code that
 * does not look whether it got memory. */
static atomic_int over;
static int (*program)(int, char **, char **);

static int main_alone(int argc, char **argv, char **environment)
{
    int status = program(argc, argv, environment);
    atomic_store(&over, 1);
    return status;
}

/* The C library's beginning of every program. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack)
{
    __typeof__(&__libc_start_main) begin =
        (__typeof__(&__libc_start_main))dlsym(RTLD_NEXT, "__libc_start_main");
    program = main;
    return begin(main_alone, argc, argv, init, fini, rtld_fini, stack);
}

__attribute__((constructor)) static void find_order(void)
{
    const char *path = getenv("FAIL_MALLOC");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *map =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (map == MAP_FAILED)
        abort();
    order = map;
}

static int must_fail(void)
{
    if (atomic_load(&over) || atomic_load(&order->countdown) < 0 ||
        atomic_fetch_sub(&order->countdown, 1) != 0)
        return 0;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *p)
{
    if (p)
        atomic_fetch_add(&order->live, 1);
    return p;
}

void *malloc(size_t size)
{
    return must_fail() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *p, size_t size)
{
    if (!p)
        return malloc(size);
    if (size == 0) {
        free(p);
        return NULL;
    }
    return must_fail() ? NULL : __libc_realloc(p, size);
}

void *memalign(size_t alignment, size_t size)
{
    return must_fail() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *p = memalign(alignment, size);
    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

void free(void *p)
{
    if (p)
        atomic_fetch_sub(&order->live, 1);
    __libc_free(p);
}
