/* png_kernels.c - see png_kernels.h. */
#include "engine/png/png_kernels.h"

#include <stddef.h>

#include "engine/base/vector_unit.h"

extern const struct png_kernels png_kernels_table_c;
#ifdef __x86_64__
extern const struct png_kernels png_kernels_table_avx2, png_kernels_table_avx512;
#endif

static const struct png_kernels *const tables[UNITS + 1] = {
#ifdef __x86_64__
    [UNIT_AVX512] = &png_kernels_table_avx512,
    [UNIT_AVX2] = &png_kernels_table_avx2,
#endif
    [UNIT_C] = &png_kernels_table_c,
};

const struct png_kernels *png_kernels_at(int k)
{
    return tables[vector_unit_at(k)]; /* NULL past the last */
}
