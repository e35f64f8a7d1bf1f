/* kernels_avx512.c - one register of 16 lanes. Compiled for AVX-512 F, DQ, BW and VL. */
#include <immintrin.h>

#include "engine/nn/kernels_sets.h"

typedef __m512 reg;

enum { REG_LANES = 16 };

static inline reg r_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void r_store(float *p, reg v)
{
    _mm512_storeu_ps(p, v);
}

static inline reg r_set(float f)
{
    return _mm512_set1_ps(f);
}

static inline reg r_add(reg a, reg b)
{
    return _mm512_add_ps(a, b);
}

static inline reg r_sub(reg a, reg b)
{
    return _mm512_sub_ps(a, b);
}

static inline reg r_fma(reg a, reg b, reg c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline reg r_min(reg a, reg b)
{
    return _mm512_min_ps(a, b);
}

static inline reg r_max(reg a, reg b)
{
    return _mm512_max_ps(a, b);
}

static inline reg r_leak(reg v, reg slope)
{
    return _mm512_mask_mul_ps(v, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), v, slope);
}

static inline void r_zip(reg a, reg b, reg *lo, reg *hi)
{
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    *lo = _mm512_permutex2var_ps(a, first, b);
    *hi = _mm512_permutex2var_ps(a, second, b);
}

#include "engine/nn/kernels_vector.inc"

/* Interleaves pairs of rows by 32 bits, then by 64 bits, and then twice by quarters. */
static inline void v_transpose(v16 square[16])
{
    reg r[16], t[16];
    for (int i = 0; i < 16; i++)
        r[i] = square[i].r[0];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int k = 0; k < 2; k++) {
            __m512d a = _mm512_castps_pd(t[i + k]), b = _mm512_castps_pd(t[i + 2 + k]);
            r[i + 2 * k] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
            r[i + 2 * k + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
    for (int half = 0; half < 16; half += 8)
        for (int i = 0; i < 4; i++) {
            t[half + i] = _mm512_shuffle_f32x4(r[half + i], r[half + 4 + i], 0x88);
            t[half + 4 + i] = _mm512_shuffle_f32x4(r[half + i], r[half + 4 + i], 0xdd);
        }
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0x88);
        r[8 + i] = _mm512_shuffle_f32x4(t[i], t[8 + i], 0xdd);
        r[4 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0x88);
        r[12 + i] = _mm512_shuffle_f32x4(t[4 + i], t[12 + i], 0xdd);
    }
    for (int i = 0; i < 16; i++)
        square[i] = (v16){{r[i]}};
}

/* There are 32 registers. */
enum { CONV_PIXELS = 24, TILES = 14, PLANE_REGS = 5, PAIR_TILES = 12, PEAK_SUMS = 12 };

#define KERNEL_SET avx512
#define FUSED true
#include "engine/nn/kernels_template.inc"
