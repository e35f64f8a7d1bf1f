/* kernels_avx2.c - two registers of 8 lanes. Compiled for AVX2 and FMA. */
#include <immintrin.h>

#include "engine/nn/kernels_sets.h"

typedef struct {
    __m256 a, b;
} v16;

static inline v16 v_load(const float *p)
{
    return (v16){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}

static inline void v_store(float *p, v16 v)
{
    _mm256_storeu_ps(p, v.a);
    _mm256_storeu_ps(p + 8, v.b);
}

static inline v16 v_set(float f)
{
    __m256 v = _mm256_set1_ps(f);
    return (v16){v, v};
}

static inline v16 v_add(v16 x, v16 y)
{
    return (v16){_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)};
}

static inline v16 v_sub(v16 x, v16 y)
{
    return (v16){_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)};
}

static inline v16 v_fma(v16 x, v16 y, v16 z)
{
    return (v16){_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)};
}

static inline v16 v_min(v16 x, v16 y)
{
    return (v16){_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)};
}

static inline v16 v_max(v16 x, v16 y)
{
    return (v16){_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)};
}

static inline __m256 leak_8(__m256 v, __m256 slope)
{
    __m256 below = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_LT_OQ);
    return _mm256_blendv_ps(v, _mm256_mul_ps(v, slope), below);
}

static inline v16 v_leak(v16 v, v16 slope)
{
    return (v16){leak_8(v.a, slope.a), leak_8(v.b, slope.b)};
}

static inline v16 zip_8(__m256 x, __m256 y)
{
    __m256 lo = _mm256_unpacklo_ps(x, y), hi = _mm256_unpackhi_ps(x, y);
    return (v16){_mm256_permute2f128_ps(lo, hi, 0x20), _mm256_permute2f128_ps(lo, hi, 0x31)};
}

static inline void v_zip(v16 x, v16 y, v16 *lo, v16 *hi)
{
    *lo = zip_8(x.a, y.a);
    *hi = zip_8(x.b, y.b);
}

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
        q[0][i] = r[i].a;
        q[1][i] = r[8 + i].a;
        q[2][i] = r[i].b;
        q[3][i] = r[8 + i].b;
    }
    for (int k = 0; k < 4; k++)
        transpose_8(q[k]);
    for (int i = 0; i < 8; i++) {
        r[i] = (v16){q[0][i], q[1][i]};
        r[8 + i] = (v16){q[2][i], q[3][i]};
    }
}

/* There are 16 registers; an accumulator takes two. */
enum { CONV_PIXELS = 6, TILES = 6, PLANE_BLOCKS = 1, PAIR_TILES = 0, PEAK_SUMS = 6 };

#define KERNEL_SET avx2
#define FUSED true
#include "engine/nn/kernels_template.inc"
