/* kernels_c.c - the set for any CPU, with vectors of 4 in the compiler's own types. It rounds each
 * product and each sum, so the last bits differ from those of the other sets. */
#include <string.h>

#include "engine/nn/kernels_sets.h"

typedef float v4 __attribute__((vector_size(16)));
typedef int mask4 __attribute__((vector_size(16)));

enum { QUARTERS = 4 };

typedef struct {
    v4 q[QUARTERS];
} v16;

static inline v16 v_load(const float *p)
{
    v16 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void v_store(float *p, v16 v)
{
    memcpy(p, &v, sizeof v);
}

static inline v16 v_set(float f)
{
    v4 q = {f, f, f, f};
    return (v16){{q, q, q, q}};
}

static inline v4 choose(mask4 which, v4 a, v4 b)
{
    return (v4)((which & (mask4)a) | (~which & (mask4)b));
}

/* Each operation works on one quarter after the other. */
#define BY_QUARTERS(expression)                                                                    \
    v16 v;                                                                                         \
    for (int i = 0; i < QUARTERS; i++)                                                             \
        v.q[i] = (expression);                                                                     \
    return v

static inline v16 v_add(v16 a, v16 b)
{
    BY_QUARTERS(a.q[i] + b.q[i]);
}

static inline v16 v_sub(v16 a, v16 b)
{
    BY_QUARTERS(a.q[i] - b.q[i]);
}

static inline v16 v_fma(v16 a, v16 b, v16 c)
{
    BY_QUARTERS(a.q[i] * b.q[i] + c.q[i]);
}

static inline v16 v_min(v16 a, v16 b)
{
    BY_QUARTERS(choose(a.q[i] < b.q[i], a.q[i], b.q[i]));
}

static inline v16 v_max(v16 a, v16 b)
{
    BY_QUARTERS(choose(a.q[i] > b.q[i], a.q[i], b.q[i]));
}

static inline v16 v_leak(v16 a, v16 slope)
{
    v4 zero = {0, 0, 0, 0};
    BY_QUARTERS(choose(a.q[i] < zero, a.q[i] * slope.q[i], a.q[i]));
}

static inline void v_zip(v16 a, v16 b, v16 *lo, v16 *hi)
{
    for (int i = 0; i < QUARTERS; i++) {
        v16 *to = i < QUARTERS / 2 ? lo : hi;
        v4 x = a.q[i], y = b.q[i];
        to->q[2 * i % QUARTERS] = (v4){x[0], y[0], x[1], y[1]};
        to->q[2 * i % QUARTERS + 1] = (v4){x[2], y[2], x[3], y[3]};
    }
}

static inline void v_transpose(v16 r[16])
{
    v16 t[16];
    for (int i = 0; i < 16; i++)
        for (int k = 0; k < 16; k++)
            t[i].q[k / 4][k % 4] = r[k].q[i / 4][i % 4];
    memcpy(r, t, sizeof t);
}

/* There are 16 registers; an accumulator takes four. */
enum { CONV_PIXELS = 4, TILES = 4, PLANE_BLOCKS = 1, PAIR_TILES = 0, PEAK_SUMS = 3 };

#define KERNEL_SET c
#define FUSED false
#include "engine/nn/kernels_template.inc"
