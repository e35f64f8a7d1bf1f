/* inflate_bits.h - the bits of a stream whose input comes in spans. For inflate*.c.
 *
 * Threads: as inflate.h. */
#ifndef UPSCALED_PNG_INFLATE_BITS_H
#define UPSCALED_PNG_INFLATE_BITS_H

#include "engine/png/inflate.h"

/* Takes whole bytes until there are `bits` (at most 57) of them; false where the input ends. */
static inline bool inflate_want(struct inflate *z, unsigned bits)
{
    while (z->count < bits) {
        const uint8_t *bytes;
        size_t length;
        if (z->in == z->in_end) {
            if (!z->next_span(z->arg, &bytes, &length))
                return false;
            z->in = bytes;
            z->in_end = bytes + length;
        }
        z->bits |= (uint64_t)*z->in++ << z->count;
        z->count += 8;
    }
    return true;
}

static inline unsigned inflate_peek(const struct inflate *z, unsigned bits)
{
    return (unsigned)(z->bits & (((uint64_t)1 << bits) - 1));
}

/* Drops bits that inflate_want has made sure of. */
static inline void inflate_drop(struct inflate *z, unsigned bits)
{
    z->bits >>= bits;
    z->count -= bits;
}

static inline unsigned inflate_take(struct inflate *z, unsigned bits)
{
    unsigned value = inflate_peek(z, bits);
    inflate_drop(z, bits);
    return value;
}

#endif
