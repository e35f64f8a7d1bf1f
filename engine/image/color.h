/* color.h - converts stored samples to planes of float in 0..1, and back.
 *
 * Luma and chroma are full-range BT.601 (0.299, 0.587, 0.114; JFIF's matrix) of gamma-encoded
 * values. They are float and never rounded: Y in 0..1, Cb and Cr in -0.5..0.5. `row` is the first
 * of `count` pixels of format `f`. Threads: pure functions. */
#ifndef UPSCALED_IMAGE_COLOR_H
#define UPSCALED_IMAGE_COLOR_H

#include <stdint.h>

#include "engine/image/image.h"

/* Loads sample `channel` of each pixel into `plane`, divided by the largest sample. */
void color_load(const struct image_format *f, const uint8_t *row, int count, int channel,
                float *restrict plane);

/* Planes of one row, which do not overlap. */
struct color_planes {
    float *y, *cb, *cr;
};

/* Loads RGB (channels 0..2) as luma and, unless cb and cr are NULL, as chroma. A pixel with R = G =
 * B has exactly the luma that color_load gives for the gray. */
void color_load_ycc(const struct image_format *f, const uint8_t *row, int count,
                    const struct color_planes *to);

/* Store planes as samples, clamped to 0..1 and rounded to nearest. NaN becomes 0. */
void color_store(const struct image_format *f, const float *restrict plane, int count, int channel,
                 uint8_t *row);
void color_store_ycc(const struct image_format *f, const struct color_planes *from, int count,
                     uint8_t *row);

#endif
