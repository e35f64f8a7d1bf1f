/* kernels_c.c - the set for any CPU, with vectors of 4 in the compiler's own types. It rounds each
 * product and each sum, so the last bits differ from those of the other sets. */
#include <string.h>

#include "engine/nn/kernels_sets.h"

typedef float reg __attribute__((vector_size(16)));
typedef int mask __attribute__((vector_size(16)));

enum { REG_LANES = 4 };

static inline reg r_load(const float *p)
{
    reg v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void r_store(float *p, reg v)
{
    memcpy(p, &v, sizeof v);
}

static inline reg r_set(float f)
{
    return (reg){f, f, f, f};
}

static inline reg choose(mask which, reg a, reg b)
{
    return (reg)((which & (mask)a) | (~which & (mask)b));
}

static inline reg r_add(reg a, reg b)
{
    return a + b;
}

static inline reg r_sub(reg a, reg b)
{
    return a - b;
}

static inline reg r_fma(reg a, reg b, reg c)
{
    return a * b + c;
}

static inline reg r_min(reg a, reg b)
{
    return choose(a < b, a, b);
}

static inline reg r_max(reg a, reg b)
{
    return choose(a > b, a, b);
}

static inline reg r_leak(reg v, reg slope)
{
    return choose(v < (reg){0, 0, 0, 0}, v * slope, v);
}

static inline void r_zip(reg a, reg b, reg *lo, reg *hi)
{
    *lo = (reg){a[0], b[0], a[1], b[1]};
    *hi = (reg){a[2], b[2], a[3], b[3]};
}

#include "engine/nn/kernels_vector.inc"

static inline void v_transpose(v16 r[16])
{
    v16 t[16];
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 16; k++)
            t[i].r[k / 4][k % 4] = r[k].r[i / 4][i % 4];
    memcpy(r, t, sizeof t);
}

/* There are 16 registers; an accumulator takes four. */
enum { CONV_PIXELS = 4, TILES = 4, PLANE_REGS = 2, PAIR_TILES = 0, PEAK_SUMS = 3 };

#define KERNEL_SET c
#define FUSED false
#include "engine/nn/kernels_template.inc"
