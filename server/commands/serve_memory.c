/* serve_memory.c - see serve_memory.h. */
#include "server/commands/serve_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "server/host/memory.h"
#include "server/http/http_conn.h"

/* The daemon does not start with less memory than this for all requests together. */
enum { LEAST_BUDGET = 1 << 20 };

/* The files that the process opens later beside its connections: to accept, to reload, and to spare;
 * and for each thread of the library. */
enum { SPARE_FILES = 12, THREAD_FILES = 3 };

/* Files that the process was given or has opened by now have low numbers. */
enum { FIRST_FILES = 1024 };

void serve_fit_threads(struct service *s, const struct options *o)
{
    int64_t rest = o->memory_limit - memory_resident(s->statm);
    int threads = pool_threads(s->pool);
    int64_t each = (int64_t)pool_scratch_bytes(s->pool) / threads;
    if (o->threads > 0 || each == 0 || rest / 2 / each >= threads)
        return;
    int fitting = rest / 2 >= each ? (int)(rest / 2 / each) : 1;
    pool_shrink(s->pool, fitting);
    fprintf(stderr,
            "upscaled: threads: %d instead of %d, because of --memory-limit; each needs %lld MiB\n",
            fitting, threads, (long long)((each + (1 << 20) - 1) >> 20));
}

enum err_code serve_divide_memory(struct service *s, const struct options *o, struct err *e)
{
    int64_t limit = o->memory_limit, resident = memory_resident(s->statm);
    int64_t scratch = (int64_t)pool_scratch_bytes(s->pool);
    int64_t rest = limit - resident - scratch;
    if (rest < LEAST_BUDGET)
        return err_set_limit(e, ERR_BAD_PARAMETER, "memory-limit", (uint64_t)limit,
                             "the limit is %lld bytes (--memory-limit), and the process itself "
                             "needs %lld of them with its threads (--threads %d)",
                             (long long)limit, (long long)(limit - rest), pool_threads(s->pool));
    budget_init(&s->budget, rest);
    s->scratch_bytes = scratch;
    fprintf(stderr,
            "upscaled: the memory limit is %lld MiB (--memory-limit); requests share %lld MiB\n",
            (long long)(limit >> 20), (long long)(rest >> 20));
    return ERR_OK;
}

static void lower_connections(struct options *o, int64_t most, const char *why)
{
    if (most < 1)
        most = 1;
    if (o->connections <= most)
        return;
    o->connections = most;
    fprintf(stderr, "upscaled: at most %lld connections at a time at each address, because of %s\n",
            (long long)most, why);
}

static int64_t open_files(rlim_t limit)
{
    int64_t count = 0;
    for (int fd = 0; fd < FIRST_FILES && (rlim_t)fd < limit; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

void serve_bound_connections(struct service *s, struct options *o, int addresses)
{
    int64_t quarter = budget_most(&s->budget, BUDGET_CONNECTIONS) / 4;
    struct rlimit files;
    lower_connections(o, quarter / conns_bytes_each(o) / addresses, "--memory-limit");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < INT64_MAX) {
        int64_t others =
            open_files(files.rlim_cur) + SPARE_FILES + addresses * o->http_threads * THREAD_FILES;
        lower_connections(o, ((int64_t)files.rlim_cur - others) / addresses,
                          "the limit of open files (ulimit -n)");
    }
}
