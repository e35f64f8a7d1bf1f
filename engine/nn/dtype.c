/* dtype.c - see dtype.h. */
#include "engine/nn/dtype.h"

#include <math.h>
#include <string.h>

/* Converts half to single precision exactly (IEEE 754 binary16). */
static float widen_half(uint16_t half)
{
    uint32_t exponent = half >> 10 & 31, fraction = half & 1023;
    uint32_t bits = (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
    float value;
    memcpy(&value, &bits, sizeof value);
    if (exponent == 0)
        value = (float)fraction * 0x1p-24f;
    return half & 0x8000 ? -value : value;
}

static float number_of_32_bits(const uint8_t *b)
{
    uint32_t bits = (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float number_of_16_bits(const uint8_t *b)
{
    return widen_half((uint16_t)(b[1] << 8 | b[0]));
}

static const struct dtype dtypes[] = {
    {"float32", 4, number_of_32_bits},
    {"float16", 2, number_of_16_bits},
};

const struct dtype *dtype_find(const char *name)
{
    for (size_t i = 0; name && i < sizeof dtypes / sizeof *dtypes; i++)
        if (strcmp(name, dtypes[i].name) == 0)
            return &dtypes[i];
    return NULL;
}

bool dtype_settle(const struct dtype *dtype, float *floats, size_t count)
{
    const uint8_t *stored = (const uint8_t *)floats;
    bool finite = true;
    for (size_t i = count; i-- > 0;) {
        floats[i] = dtype->number(stored + i * dtype->bytes);
        finite = finite && isfinite(floats[i]);
    }
    return finite;
}
