/* row_kernels_color.c - converts samples to planes and back; see row_kernels.h. The build compiles
 * it once for each set.
 *
 * Every function below is one loop whose format is a constant, so that the compiler can vectorise
 * it; the switches choose the constants. Nothing is summed across pixels, so a value does not
 * depend on where a row starts or ends. */
#include <stdbool.h>
#include <string.h>

#include "engine/image/row_kernels_set.h"

#define INLINE static inline __attribute__((always_inline))

/* A format as one number to switch on. */
#define KIND(channels, depth) ((channels)*32 + (depth))

/* 1.5 * 2^23. Adding it to a float of 0..2^22 rounds the fraction away, ties to even. */
static const float round_away = 12582912.0f;

/* Divides, because a division is rounded correctly: the largest sample becomes 1.0, and every
 * instruction set computes the same value. */
INLINE float load_sample(const uint8_t *p, bool wide)
{
    if (!wide)
        return (float)*p / 255.0f;
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return (float)v / 65535.0f;
}

INLINE void store_sample(uint8_t *p, bool wide, float value)
{
    float most = wide ? 65535.0f : 255.0f;
    float v = value * most;
    v = v > 0.0f ? v : 0.0f; /* NaN is not > 0 */
    v = v < most ? v : most;
    int32_t n = (int32_t)((v + round_away) - round_away);
    if (wide) {
        uint16_t sample = (uint16_t)n;
        memcpy(p, &sample, sizeof sample);
    } else {
        *p = (uint8_t)n;
    }
}

INLINE void load(const uint8_t *row, int count, int channels, bool wide, float *restrict plane)
{
    size_t step = (size_t)channels * (wide ? 2 : 1);
    for (size_t i = 0; i < (size_t)count; i++)
        plane[i] = load_sample(row + i * step, wide);
}

void row_kernels_load(const struct image_format *f, const uint8_t *row, int count, int channel,
                      float *restrict plane)
{
    row += channel * f->depth / 8;
    switch (KIND(f->channels, f->depth)) {
    case KIND(1, 8):
        load(row, count, 1, false, plane);
        break;
    case KIND(1, 16):
        load(row, count, 1, true, plane);
        break;
    case KIND(2, 8):
        load(row, count, 2, false, plane);
        break;
    case KIND(2, 16):
        load(row, count, 2, true, plane);
        break;
    case KIND(3, 8):
        load(row, count, 3, false, plane);
        break;
    case KIND(3, 16):
        load(row, count, 3, true, plane);
        break;
    case KIND(4, 8):
        load(row, count, 4, false, plane);
        break;
    case KIND(4, 16):
        load(row, count, 4, true, plane);
        break;
    }
}

INLINE void store(uint8_t *row, int count, int channels, bool wide, const float *restrict plane)
{
    size_t step = (size_t)channels * (wide ? 2 : 1);
    for (size_t i = 0; i < (size_t)count; i++)
        store_sample(row + i * step, wide, plane[i]);
}

void row_kernels_store(const struct image_format *f, const float *restrict plane, int count,
                       int channel, uint8_t *row)
{
    row += channel * f->depth / 8;
    switch (KIND(f->channels, f->depth)) {
    case KIND(1, 8):
        store(row, count, 1, false, plane);
        break;
    case KIND(1, 16):
        store(row, count, 1, true, plane);
        break;
    case KIND(2, 8):
        store(row, count, 2, false, plane);
        break;
    case KIND(2, 16):
        store(row, count, 2, true, plane);
        break;
    case KIND(3, 8):
        store(row, count, 3, false, plane);
        break;
    case KIND(3, 16):
        store(row, count, 3, true, plane);
        break;
    case KIND(4, 8):
        store(row, count, 4, false, plane);
        break;
    case KIND(4, 16):
        store(row, count, 4, true, plane);
        break;
    }
}

/* Computes luma from differences to green. So for R = G = B the luma is that very value, and the
 * chroma is 0. */
INLINE float luma_of(const uint8_t *p, size_t bytes, bool wide, float *r, float *b)
{
    float g = load_sample(p + bytes, wide);
    *r = load_sample(p, wide);
    *b = load_sample(p + 2 * bytes, wide);
    return (g + 0.299f * (*r - g)) + 0.114f * (*b - g);
}

INLINE void load_luma(const uint8_t *row, int count, int channels, bool wide, float *restrict y)
{
    size_t bytes = wide ? 2 : 1, step = (size_t)channels * bytes;
    float r, b;
    for (size_t i = 0; i < (size_t)count; i++)
        y[i] = luma_of(row + i * step, bytes, wide, &r, &b);
}

INLINE void load_ycc(const uint8_t *row, int count, int channels, bool wide,
                     const struct color_planes *to)
{
    float *restrict y = to->y, *restrict cb = to->cb, *restrict cr = to->cr;
    size_t bytes = wide ? 2 : 1, step = (size_t)channels * bytes;
    for (size_t i = 0; i < (size_t)count; i++) {
        float r, b, luma = luma_of(row + i * step, bytes, wide, &r, &b);
        y[i] = luma;
        cb[i] = (b - luma) * (float)(1 / 1.772); /* 2 (1 - 0.114) */
        cr[i] = (r - luma) * (float)(1 / 1.402); /* 2 (1 - 0.299) */
    }
}

void row_kernels_load_ycc(const struct image_format *f, const uint8_t *row, int count,
                          const struct color_planes *to)
{
    int chroma = to->cb && to->cr;
    switch (KIND(f->channels, f->depth) * 2 + chroma) {
    case KIND(3, 8) * 2 + 1:
        load_ycc(row, count, 3, false, to);
        break;
    case KIND(3, 8) * 2:
        load_luma(row, count, 3, false, to->y);
        break;
    case KIND(3, 16) * 2 + 1:
        load_ycc(row, count, 3, true, to);
        break;
    case KIND(3, 16) * 2:
        load_luma(row, count, 3, true, to->y);
        break;
    case KIND(4, 8) * 2 + 1:
        load_ycc(row, count, 4, false, to);
        break;
    case KIND(4, 8) * 2:
        load_luma(row, count, 4, false, to->y);
        break;
    case KIND(4, 16) * 2 + 1:
        load_ycc(row, count, 4, true, to);
        break;
    case KIND(4, 16) * 2:
        load_luma(row, count, 4, true, to->y);
        break;
    }
}

INLINE void store_ycc(uint8_t *row, int count, int channels, bool wide,
                      const struct color_planes *from)
{
    const float *restrict y = from->y, *restrict cb = from->cb, *restrict cr = from->cr;
    size_t bytes = wide ? 2 : 1, step = (size_t)channels * bytes;
    for (size_t i = 0; i < (size_t)count; i++) {
        uint8_t *p = row + i * step;
        store_sample(p, wide, y[i] + 1.402f * cr[i]);
        store_sample(p + bytes, wide,
                     (y[i] - (float)(0.114 * 1.772 / 0.587) * cb[i]) -
                         (float)(0.299 * 1.402 / 0.587) * cr[i]);
        store_sample(p + 2 * bytes, wide, y[i] + 1.772f * cb[i]);
    }
}

void row_kernels_store_ycc(const struct image_format *f, const struct color_planes *from, int count,
                           uint8_t *row)
{
    switch (KIND(f->channels, f->depth)) {
    case KIND(3, 8):
        store_ycc(row, count, 3, false, from);
        break;
    case KIND(3, 16):
        store_ycc(row, count, 3, true, from);
        break;
    case KIND(4, 8):
        store_ycc(row, count, 4, false, from);
        break;
    case KIND(4, 16):
        store_ycc(row, count, 4, true, from);
        break;
    }
}
