/* row_kernels_set.h - gives the functions of each set names of their own, by KERNEL_SET, which the
 * build defines. */
#ifndef UPSCALED_IMAGE_ROW_KERNELS_SET_H
#define UPSCALED_IMAGE_ROW_KERNELS_SET_H

#include "engine/base/set_name.h"
#include "engine/image/row_kernels.h"

#define row_kernels_load IN_SET(row_kernels_load)
#define row_kernels_load_ycc IN_SET(row_kernels_load_ycc)
#define row_kernels_store IN_SET(row_kernels_store)
#define row_kernels_store_ycc IN_SET(row_kernels_store_ycc)
#define row_kernels_across IN_SET(row_kernels_across)
#define row_kernels_down IN_SET(row_kernels_down)

void row_kernels_load(const struct image_format *f, const uint8_t *row, int count, int channel,
                      float *restrict plane);
void row_kernels_load_ycc(const struct image_format *f, const uint8_t *row, int count,
                          const struct color_planes *to);
void row_kernels_store(const struct image_format *f, const float *restrict plane, int count,
                       int channel, uint8_t *row);
void row_kernels_store_ycc(const struct image_format *f, const struct color_planes *from, int count,
                           uint8_t *row);
void row_kernels_across(const struct resample_axis *a, struct row_samples src, int from, int to,
                        float *restrict dst);
void row_kernels_down(struct row_samples rows, const float *weight, int taps, size_t count,
                      float *restrict dst);

#endif
