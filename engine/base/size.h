/* size.h - arithmetic of sizes that detects overflow. Every product that determines a size of
 * memory goes through these functions. Threads: pure functions. */
#ifndef UPSCALED_BASE_SIZE_H
#define UPSCALED_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>

/* Each returns false and leaves *out unchanged if the result does not fit. */
static inline bool size_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

static inline bool size_mul(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

static inline bool size_mul3(size_t a, size_t b, size_t c, size_t *out)
{
    size_t ab;
    return size_mul(a, b, &ab) && size_mul(ab, c, out);
}

#endif
