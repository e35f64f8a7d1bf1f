/* row_kernels_set.c - the table of one set; see row_kernels.h. The build compiles it once for each
 * set. */
#include "engine/image/row_kernels_set.h"

#define row_kernels_table IN_SET(row_kernels_table)

extern const struct row_kernels row_kernels_table;
const struct row_kernels row_kernels_table = {
    .name = SET_TEXT(KERNEL_SET),
    .load = row_kernels_load,
    .load_ycc = row_kernels_load_ycc,
    .store = row_kernels_store,
    .store_ycc = row_kernels_store_ycc,
    .across = row_kernels_across,
    .down = row_kernels_down,
};
