/* color.c - see color.h; the loops are in row_kernels_color.c. */
#include "engine/image/color.h"

#include "engine/image/row_kernels.h"

void color_load(const struct image_format *f, const uint8_t *row, int count, int channel,
                float *restrict plane)
{
    row_kernels_used()->load(f, row, count, channel, plane);
}

void color_load_ycc(const struct image_format *f, const uint8_t *row, int count,
                    const struct color_planes *to)
{
    row_kernels_used()->load_ycc(f, row, count, to);
}

void color_store(const struct image_format *f, const float *restrict plane, int count, int channel,
                 uint8_t *row)
{
    row_kernels_used()->store(f, plane, count, channel, row);
}

void color_store_ycc(const struct image_format *f, const struct color_planes *from, int count,
                     uint8_t *row)
{
    row_kernels_used()->store_ycc(f, from, count, row);
}
