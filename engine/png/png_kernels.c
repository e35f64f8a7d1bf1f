/* png_kernels.c - see png_kernels.h. */
#include "engine/png/png_kernels.h"

#include "engine/base/vector_unit.h"

#define DECLARE(UNIT, name) extern const struct png_kernels png_kernels_table_##name;
VECTOR_UNITS(DECLARE)

#define ROW(UNIT, name) [UNIT_##UNIT] = &png_kernels_table_##name,

static const struct png_kernels *const tables[UNITS + 1] = {VECTOR_UNITS(ROW)}; /* NULL for UNITS */

const struct png_kernels *png_kernels_used(void)
{
    return tables[vector_unit_used()];
}

const struct png_kernels *png_kernels_at(int k)
{
    return tables[vector_unit_at(k)];
}
