/* bench_stage.c - runs one stage of `upscaled bench` repeatedly, and finds the median and the
 * minimum. */
#include <stdlib.h>

#include "engine/base/clock.h"
#include "server/commands/bench.h"

enum { RUNS_MOST = 1001 };

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

enum err_code bench_stage(struct bench *b, const char *name, bench_work *work, void *arg,
                          struct err *e)
{
    static double ms[RUNS_MOST];
    int runs = 0;
    enum err_code rc = work(b, arg, e);
    int64_t begun = clock_ns();
    while (rc == ERR_OK && runs < RUNS_MOST &&
           (runs < BENCH_RUNS_LEAST || clock_ms_between(begun, clock_ns()) < b->stage_ms)) {
        int64_t from = clock_ns();
        rc = work(b, arg, e);
        ms[runs++] = clock_ms_between(from, clock_ns());
    }
    if (rc != ERR_OK)
        return rc;
    qsort(ms, (size_t)runs, sizeof *ms, by_size);
    b->stages[b->stage_count++] = (struct bench_stage){name, ms[runs / 2], ms[0], runs};
    return ERR_OK;
}
