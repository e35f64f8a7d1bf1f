/* deflate_bits.h - reads bytes as words, the first byte lowest on every machine, and writes bits
 * into bytes, the first bit lowest (RFC 1951, 3.1.1).
 *
 * Every store writes 8 bytes at `next`. So the buffer must end at least 8 bytes after the last
 * bit. */
#ifndef UPSCALED_PNG_DEFLATE_BITS_H
#define UPSCALED_PNG_DEFLATE_BITS_H

#include <stdint.h>
#include <string.h>

struct deflate_bits {
    uint64_t held;  /* bits that do not fill a byte yet */
    unsigned count; /* of bits held: 0..7 between calls */
    uint8_t *next;
};

enum { DEFLATE_BITS_SLACK = 8 };

static inline uint64_t deflate_load8(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline uint32_t deflate_load4(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

static inline void deflate_store8(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, sizeof v);
}

/* Writes the lowest `count` (0..56) bits of `value`. Its other bits must be zero. */
static inline void deflate_bits_put(struct deflate_bits *b, uint64_t value, unsigned count)
{
    b->held |= value << b->count;
    b->count += count;
    deflate_store8(b->next, b->held);
    b->next += b->count >> 3;
    b->held >>= b->count & ~7U;
    b->count &= 7;
}

/* Writes zeros up to the next whole byte. */
static inline void deflate_bits_align(struct deflate_bits *b)
{
    deflate_bits_put(b, 0, (8 - b->count) & 7);
}

#endif
