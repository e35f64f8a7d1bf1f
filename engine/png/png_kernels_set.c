/* png_kernels_set.c - the table of one set; see png_kernels.h. Compiled for each set. */
#include "engine/png/png_kernels_set.h"

#define png_kernels_table IN_SET(png_kernels_table)

extern const struct png_kernels png_kernels_table;
const struct png_kernels png_kernels_table = {
    .name = SET_TEXT(KERNEL_SET),
    .filter = png_kernels_filter,
    .runs = png_kernels_runs,
    .match = png_kernels_match,
    .chain = png_kernels_chain,
    .tally = png_kernels_tally,
    .send = png_kernels_send,
};
