/* png_kernels.c - see png_kernels.h. */
#include "engine/image/png_kernels.h"

#include <stdbool.h>

extern const struct png_kernels png_kernels_table_c;

#ifdef __x86_64__
extern const struct png_kernels png_kernels_table_avx2, png_kernels_table_avx512;

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

static bool has_c(void)
{
    return true;
}

/* The best first; the flags of each are in Makefile.am. */
static const struct {
    bool (*is_there)(void);
    const struct png_kernels *table;
} sets[] = {
#ifdef __x86_64__
    {has_avx512, &png_kernels_table_avx512},
    {has_avx2, &png_kernels_table_avx2},
#endif
    {has_c, &png_kernels_table_c},
};

const struct png_kernels *png_kernels_at(int k)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (sets[i].is_there() && k-- == 0)
            return sets[i].table;
    return NULL;
}
