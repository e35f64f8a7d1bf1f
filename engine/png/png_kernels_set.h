/* png_kernels_set.h - gives the functions of one set their names, by KERNEL_SET, which the build
 * defines. */
#ifndef UPSCALED_PNG_PNG_KERNELS_SET_H
#define UPSCALED_PNG_PNG_KERNELS_SET_H

#include "engine/base/set_name.h"
#include "engine/png/png_kernels.h"

#define png_kernels_filter IN_SET(png_kernels_filter)
#define png_kernels_runs IN_SET(png_kernels_runs)
#define png_kernels_match IN_SET(png_kernels_match)
#define png_kernels_chain IN_SET(png_kernels_chain)
#define png_kernels_tally IN_SET(png_kernels_tally)
#define png_kernels_send IN_SET(png_kernels_send)

void png_kernels_filter(enum png_filter filter, const struct png_filter_row *r,
                        uint8_t *restrict out);
size_t png_kernels_runs(const uint8_t *bytes, size_t count, struct deflate_match *matches);
size_t png_kernels_match(struct deflate_search *s, struct deflate_match *matches);
size_t png_kernels_chain(struct deflate_search *s, struct deflate_match *matches);
void png_kernels_tally(const struct deflate_sequence *s, struct deflate_tally *t);
void png_kernels_send(const struct deflate_sequence *s, const struct deflate_table *c,
                      struct deflate_bits *b);

#endif
