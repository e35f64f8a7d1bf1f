/* vector_unit.c - see vector_unit.h. */
#include "engine/base/vector_unit.h"

#include <stdbool.h>

static bool is_there(enum vector_unit unit)
{
#ifdef __x86_64__
    if (unit == UNIT_AVX512)
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("bmi2");
    if (unit == UNIT_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
#endif
    return unit == UNIT_C;
}

enum vector_unit vector_unit_at(int k)
{
    int unit = 0;
    while (unit < UNITS && (!is_there((enum vector_unit)unit) || k-- > 0))
        unit++;
    return (enum vector_unit)unit;
}
