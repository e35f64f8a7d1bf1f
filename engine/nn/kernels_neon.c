/* kernels_neon.c - four registers of 4 lanes, which every 64-bit ARM has. */
#include <arm_neon.h>

#include "engine/nn/kernels_sets.h"

enum { QUARTERS = 4 };

typedef struct {
    float32x4_t q[QUARTERS];
} v16;

/* Each operation works on one quarter after the other. */
#define BY_QUARTERS(expression)                                                                    \
    v16 v;                                                                                         \
    for (int i = 0; i < QUARTERS; i++)                                                             \
        v.q[i] = (expression);                                                                     \
    return v

static inline v16 v_load(const float *p)
{
    BY_QUARTERS(vld1q_f32(p + 4 * i));
}

static inline void v_store(float *p, v16 v)
{
    for (int i = 0; i < QUARTERS; i++)
        vst1q_f32(p + 4 * i, v.q[i]);
}

static inline v16 v_set(float f)
{
    BY_QUARTERS(vdupq_n_f32(f));
}

static inline v16 v_add(v16 a, v16 b)
{
    BY_QUARTERS(vaddq_f32(a.q[i], b.q[i]));
}

static inline v16 v_sub(v16 a, v16 b)
{
    BY_QUARTERS(vsubq_f32(a.q[i], b.q[i]));
}

static inline v16 v_fma(v16 a, v16 b, v16 c)
{
    BY_QUARTERS(vfmaq_f32(c.q[i], a.q[i], b.q[i]));
}

static inline v16 v_min(v16 a, v16 b)
{
    BY_QUARTERS(vminq_f32(a.q[i], b.q[i]));
}

static inline v16 v_max(v16 a, v16 b)
{
    BY_QUARTERS(vmaxq_f32(a.q[i], b.q[i]));
}

static inline v16 v_leak(v16 a, v16 slope)
{
    BY_QUARTERS(vbslq_f32(vcltzq_f32(a.q[i]), vmulq_f32(a.q[i], slope.q[i]), a.q[i]));
}

static inline void v_zip(v16 a, v16 b, v16 *lo, v16 *hi)
{
    for (int i = 0; i < QUARTERS; i++) {
        v16 *to = i < QUARTERS / 2 ? lo : hi;
        to->q[2 * i % QUARTERS] = vzip1q_f32(a.q[i], b.q[i]);
        to->q[2 * i % QUARTERS + 1] = vzip2q_f32(a.q[i], b.q[i]);
    }
}

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
                from[n] = r[4 * i + n].q[k];
            transpose_4(from, to);
            for (int n = 0; n < 4; n++)
                t[4 * k + n].q[i] = to[n];
        }
    for (int i = 0; i < 16; i++)
        r[i] = t[i];
}

/* There are 32 registers; an accumulator takes four. */
enum { CONV_PIXELS = 6, TILES = 6, PLANE_BLOCKS = 1, PAIR_TILES = 0, PEAK_SUMS = 6 };

#define KERNEL_SET neon
#define FUSED true
#include "engine/nn/kernels_template.inc"
