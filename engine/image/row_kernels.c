/* row_kernels.c - see row_kernels.h. */
#include "engine/image/row_kernels.h"

#include "engine/base/vector_unit.h"

#define DECLARE(UNIT, name) extern const struct row_kernels row_kernels_table_##name;
VECTOR_UNITS(DECLARE)

#define ROW(UNIT, name) [UNIT_##UNIT] = &row_kernels_table_##name,

static const struct row_kernels *const tables[UNITS + 1] = {VECTOR_UNITS(ROW)}; /* NULL for UNITS */

const struct row_kernels *row_kernels_used(void)
{
    return tables[vector_unit_used()];
}

const struct row_kernels *row_kernels_at(int k)
{
    return tables[vector_unit_at(k)];
}
