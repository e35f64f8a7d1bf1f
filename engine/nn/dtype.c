/* dtype.c - see dtype.h. Machines are little-endian; configure refuses others. */
#include "engine/nn/dtype.h"

#include <string.h>

enum { HALVES = 64 }; /* numbers that are converted at a time */

/* Returns the bits of the float32 that has the value of a half (IEEE 754 binary16). A half below
 * 2^-14 is a plain multiple of 2^-24, without a leading one; the multiplication gives it one. */
static uint32_t widen(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = half & 1023, small, bits;
    float below = (float)(int)fraction * 0x1p-24f;
    memcpy(&small, &below, sizeof small);
    bits = (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    return sign | (exponent == 0 ? small : bits);
}

/* Infinities and NaNs have all bits of the exponent. */
static bool all_finite(const float *floats, size_t count)
{
    uint32_t infinite = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &floats[i], sizeof bits);
        infinite |= (bits & 0x7f800000) == 0x7f800000;
    }
    return !infinite;
}

static bool settle_32(float *floats, size_t count)
{
    return all_finite(floats, count);
}

/* Each number grows in place from two bytes to four. So the last ones are converted first, by way
 * of local arrays. */
static bool settle_16(float *floats, size_t count)
{
    const uint8_t *stored = (const uint8_t *)floats;
    uint16_t halves[HALVES];
    uint32_t singles[HALVES];
    for (size_t end = count; end > 0;) {
        size_t n = (end - 1) % HALVES + 1, first = end - n;
        memcpy(halves, stored + first * sizeof *halves, n * sizeof *halves);
        for (size_t i = 0; i < n; i++)
            singles[i] = widen(halves[i]);
        memcpy(floats + first, singles, n * sizeof *singles);
        end = first;
    }
    return all_finite(floats, count);
}

static const struct dtype dtypes[] = {
    {"float32", 4, settle_32},
    {"float16", 2, settle_16},
};

const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(name, dtypes[i].name) == 0)
            return &dtypes[i];
    return NULL;
}
