/* kernels_avx2.c - two registers of 8 lanes. Compiled for AVX2 and FMA. */
#include <immintrin.h>

#include "engine/nn/kernels_sets.h"

typedef __m256 reg;

enum { REG_LANES = 8 };

static inline reg r_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void r_store(float *p, reg v)
{
    _mm256_storeu_ps(p, v);
}

static inline reg r_set(float f)
{
    return _mm256_set1_ps(f);
}

static inline reg r_add(reg a, reg b)
{
    return _mm256_add_ps(a, b);
}

static inline reg r_sub(reg a, reg b)
{
    return _mm256_sub_ps(a, b);
}

static inline reg r_fma(reg a, reg b, reg c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline reg r_min(reg a, reg b)
{
    return _mm256_min_ps(a, b);
}

static inline reg r_max(reg a, reg b)
{
    return _mm256_max_ps(a, b);
}

static inline reg r_leak(reg v, reg slope)
{
    reg below = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ);
    return _mm256_blendv_ps(v, _mm256_mul_ps(v, slope), below);
}

static inline void r_zip(reg a, reg b, reg *lo, reg *hi)
{
    reg even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b);
    *lo = _mm256_permute2f128_ps(even, odd, 0x20);
    *hi = _mm256_permute2f128_ps(even, odd, 0x31);
}

#include "engine/nn/kernels_vector.inc"

static inline void transpose_8(__m256 r[8])
{
    __m256 t[8];
    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; k++) {
            __m256d a = _mm256_castps_pd(t[i + k]), b = _mm256_castps_pd(t[i + 2 + k]);
            r[i + 2 * k] = _mm256_castpd_ps(_mm256_unpacklo_pd(a, b));
            r[i + 2 * k + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(a, b));
        }
    for (int i = 0; i < 4; i++) {
        t[i] = _mm256_permute2f128_ps(r[i], r[4 + i], 0x20);
        t[4 + i] = _mm256_permute2f128_ps(r[i], r[4 + i], 0x31);
    }
    for (int i = 0; i < 8; i++)
        r[i] = t[i];
}

/* Transposes the four squares of 8x8, and swaps two of them. */
static inline void v_transpose(v16 r[16])
{
    __m256 q[4][8];
    for (int i = 0; i < 8; i++) {
        q[0][i] = r[i].r[0];
        q[1][i] = r[8 + i].r[0];
        q[2][i] = r[i].r[1];
        q[3][i] = r[8 + i].r[1];
    }
    for (int k = 0; k < 4; k++)
        transpose_8(q[k]);
    for (int i = 0; i < 8; i++) {
        r[i] = (v16){{q[0][i], q[1][i]}};
        r[8 + i] = (v16){{q[2][i], q[3][i]}};
    }
}

/* There are 16 registers; an accumulator takes two. */
enum { CONV_PIXELS = 6, TILES = 6, PLANE_REGS = 3, PAIR_TILES = 0, PEAK_SUMS = 6 };

#define KERNEL_SET avx2
#define FUSED true
#include "engine/nn/kernels_template.inc"
