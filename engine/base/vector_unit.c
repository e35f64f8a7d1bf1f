/* vector_unit.c - see vector_unit.h. */
#include "engine/base/vector_unit.h"

#include <stdatomic.h>
#include <string.h>

static bool has_c(void)
{
    return true;
}

#ifdef __x86_64__
/* These functions must check all that the compiler may use for a set: see the flags in Makefile.am
 * and engine/nn/files.mk. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

#ifdef __aarch64__
static bool has_neon(void)
{
    return true; /* every processor of the architecture has it */
}
#endif

#define ROW(UNIT, name) [UNIT_##UNIT] = {#name, has_##name},

static const struct {
    const char *name;
    bool (*is_there)(void);
} units[UNITS] = {VECTOR_UNITS(ROW)};

static atomic_int in_use = UNITS; /* UNITS: not chosen */

enum vector_unit vector_unit_at(int k)
{
    int unit = 0;
    while (unit < UNITS && (!units[unit].is_there() || k-- > 0))
        unit++;
    return (enum vector_unit)unit;
}

enum vector_unit vector_unit_find(const char *name)
{
    enum vector_unit unit;
    for (int k = 0; (unit = vector_unit_at(k)) != UNITS; k++)
        if (!name || strcmp(units[unit].name, name) == 0)
            break;
    return unit;
}

const char *vector_unit_name(enum vector_unit unit)
{
    return units[unit].name;
}

bool vector_unit_use(const char *name)
{
    enum vector_unit unit = vector_unit_find(name);
    if (unit == UNITS)
        return false;
    atomic_store_explicit(&in_use, (int)unit, memory_order_relaxed);
    return true;
}

enum vector_unit vector_unit_used(void)
{
    int unit = atomic_load_explicit(&in_use, memory_order_relaxed);
    return unit == UNITS ? vector_unit_at(0) : (enum vector_unit)unit;
}
