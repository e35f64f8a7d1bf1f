/* kernels_peak.c - see peak.h. */
#include "engine/nn/peak.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Independent sums: they hide the latency of two units (4 cycles each) and, with both factors, fit
 * the 16 registers of AVX2. */
enum { SUMS = 12 };

/* A loop over VECTORs; sums tend to 0.5, so no round meets a number that costs more. */
#define PEAK_LOOP(NAME, VECTOR, SET, FMA)                                                          \
    static float NAME(long rounds)                                                                 \
    {                                                                                              \
        VECTOR sum[SUMS], a = SET(0.5f), b = SET(0.25f);                                           \
        float lane;                                                                                \
        for (int i = 0; i < SUMS; i++)                                                             \
            sum[i] = SET((float)i);                                                                \
        for (long k = 0; k < rounds; k++)                                                          \
            for (int i = 0; i < SUMS; i++)                                                         \
                sum[i] = FMA(sum[i], a, b);                                                        \
        for (int i = 1; i < SUMS; i++)                                                             \
            sum[0] += sum[i];                                                                      \
        memcpy(&lane, &sum[0], sizeof lane);                                                       \
        return lane;                                                                               \
    }

typedef float v4 __attribute__((vector_size(16)));
#define SET_C(f) ((v4){(f), (f), (f), (f)})
#define FMA_C(x, y, z) ((x) * (y) + (z))
PEAK_LOOP(run_c, v4, SET_C, FMA_C)

static bool always(void)
{
    return true;
}

#ifdef __x86_64__
#include <immintrin.h>

__attribute__((target("avx512f"))) PEAK_LOOP(run_avx512, __m512, _mm512_set1_ps, _mm512_fmadd_ps)
    __attribute__((target("avx2,fma"))) PEAK_LOOP(run_avx2, __m256, _mm256_set1_ps, _mm256_fmadd_ps)

        static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#ifdef __aarch64__
#include <arm_neon.h>

/* The addend is what vfmaq_f32 accumulates on, and here the constant. */
#define FMA_NEON(x, y, z) vfmaq_f32((z), (x), (y))
PEAK_LOOP(run_neon, float32x4_t, vdupq_n_f32, FMA_NEON)
#endif

/* The best first. */
static const struct {
    struct peak_loop loop;
    bool (*usable)(void);
} loops[] = {
#ifdef __x86_64__
    {{"avx512", 2.0 * 16 * SUMS, run_avx512}, has_avx512},
    {{"avx2", 2.0 * 8 * SUMS, run_avx2}, has_avx2},
#endif
#ifdef __aarch64__
    {{"neon", 2.0 * 4 * SUMS, run_neon}, always},
#endif
    {{"c", 2.0 * 4 * SUMS, run_c}, always},
};

const struct peak_loop *peak_find(const char *name)
{
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
        if (loops[i].usable() && (!name || strcmp(loops[i].loop.name, name) == 0))
            return &loops[i].loop;
    return NULL;
}
