/* row_kernels.c - see row_kernels.h. */
#include "engine/image/row_kernels.h"

#include <stdbool.h>

extern const struct row_kernels row_kernels_table_c;

static bool has_c(void)
{
    return true;
}

#ifdef __x86_64__
extern const struct row_kernels row_kernels_table_avx2, row_kernels_table_avx512;

/* What the libraries that these are in are compiled for. */
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("bmi2");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}
#endif

/* The best first; the flags of each are in Makefile.am. */
static const struct {
    bool (*is_there)(void);
    const struct row_kernels *table;
} sets[] = {
#ifdef __x86_64__
    {has_avx512, &row_kernels_table_avx512},
    {has_avx2, &row_kernels_table_avx2},
#endif
    {has_c, &row_kernels_table_c},
};

const struct row_kernels *row_kernels_at(int k)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i].is_there() && k-- == 0)
            return sets[i].table;
    return NULL;
}
