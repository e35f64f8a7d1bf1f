/* kernels_neon.c - four registers of 4 lanes, which every 64-bit ARM has. */
#include <arm_neon.h>

#include "engine/nn/kernels_sets.h"

typedef float32x4_t reg;

enum { REG_LANES = 4 };

static inline reg r_load(const float *p)
{
    return vld1q_f32(p);
}

static inline void r_store(float *p, reg v)
{
    vst1q_f32(p, v);
}

static inline reg r_set(float f)
{
    return vdupq_n_f32(f);
}

static inline reg r_add(reg a, reg b)
{
    return vaddq_f32(a, b);
}

static inline reg r_sub(reg a, reg b)
{
    return vsubq_f32(a, b);
}

static inline reg r_fma(reg a, reg b, reg c)
{
    return vfmaq_f32(c, a, b);
}

static inline reg r_min(reg a, reg b)
{
    return vminq_f32(a, b);
}

static inline reg r_max(reg a, reg b)
{
    return vmaxq_f32(a, b);
}

static inline reg r_leak(reg v, reg slope)
{
    return vbslq_f32(vcltzq_f32(v), vmulq_f32(v, slope), v);
}

static inline void r_zip(reg a, reg b, reg *lo, reg *hi)
{
    *lo = vzip1q_f32(a, b);
    *hi = vzip2q_f32(a, b);
}

#include "engine/nn/kernels_vector.inc"

static inline void transpose_4(float32x4_t r[4], float32x4_t to[4])
{
    float32x4x2_t a = vtrnq_f32(r[0], r[1]), b = vtrnq_f32(r[2], r[3]);
    for (int i = 0; i < 2; i++) {
        to[i] = vcombine_f32(vget_low_f32(a.val[i]), vget_low_f32(b.val[i]));
        to[2 + i] = vcombine_f32(vget_high_f32(a.val[i]), vget_high_f32(b.val[i]));
    }
}

/* Transposes the sixteen squares of 4x4, and swaps each with its mirror at the diagonal. */
static inline void v_transpose(v16 r[16])
{
    v16 t[16];
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            float32x4_t from[4], to[4];
            for (int n = 0; n < 4; n++)
                from[n] = r[4 * i + n].r[k];
            transpose_4(from, to);
            for (int n = 0; n < 4; n++)
                t[4 * k + n].r[i] = to[n];
        }
    for (int i = 0; i < 16; i++)
        r[i] = t[i];
}

/* There are 32 registers; an accumulator takes four. */
enum { CONV_PIXELS = 6, TILES = 6, PLANE_REGS = 5, PAIR_TILES = 0, PEAK_SUMS = 6 };

#define KERNEL_SET neon
#define FUSED true
#include "engine/nn/kernels_template.inc"
