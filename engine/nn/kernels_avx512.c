/* kernels_avx512.c - one register of 16 lanes. Compiled for AVX-512 F, DQ, BW and VL. */
#include <immintrin.h>

#include "engine/nn/kernels_sets.h"

typedef __m512 v16;

static inline v16 v_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void v_store(float *p, v16 v)
{
    _mm512_storeu_ps(p, v);
}

static inline v16 v_set(float f)
{
    return _mm512_set1_ps(f);
}

static inline v16 v_add(v16 a, v16 b)
{
    return _mm512_add_ps(a, b);
}

static inline v16 v_sub(v16 a, v16 b)
{
    return _mm512_sub_ps(a, b);
}

static inline v16 v_fma(v16 a, v16 b, v16 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline v16 v_min(v16 a, v16 b)
{
    return _mm512_min_ps(a, b);
}

static inline v16 v_max(v16 a, v16 b)
{
    return _mm512_max_ps(a, b);
}

static inline v16 v_leak(v16 v, v16 slope)
{
    return _mm512_mask_mul_ps(v, _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_LT_OQ), v, slope);
}

static inline void v_zip(v16 a, v16 b, v16 *lo, v16 *hi)
{
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    *lo = _mm512_permutex2var_ps(a, first, b);
    *hi = _mm512_permutex2var_ps(a, second, b);
}

/* Interleaves pairs of rows by 32 bits, then by 64 bits, and then twice by quarters. */
static inline void v_transpose(v16 r[16])
{
    v16 t[16];
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
}

/* There are 32 registers. */
enum { CONV_PIXELS = 24, TILES = 14, PLANE_BLOCKS = 5, PAIR_TILES = 12, PEAK_SUMS = 12 };

#define KERNEL_SET avx512
#define FUSED true
#include "engine/nn/kernels_template.inc"
