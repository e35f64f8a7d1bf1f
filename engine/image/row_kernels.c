/* row_kernels.c - see row_kernels.h. */
#include "engine/image/row_kernels.h"

#include <stddef.h>

#include "engine/base/vector_unit.h"

extern const struct row_kernels row_kernels_table_c;
#ifdef __x86_64__
extern const struct row_kernels row_kernels_table_avx2, row_kernels_table_avx512;
#endif

static const struct row_kernels *const tables[UNITS + 1] = {
#ifdef __x86_64__
    [UNIT_AVX512] = &row_kernels_table_avx512,
    [UNIT_AVX2] = &row_kernels_table_avx2,
#endif
    [UNIT_C] = &row_kernels_table_c,
};

const struct row_kernels *row_kernels_at(int k)
{
    return tables[vector_unit_at(k)]; /* NULL past the last */
}
