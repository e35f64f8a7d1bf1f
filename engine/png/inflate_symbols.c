/* inflate_symbols.c - see inflate_symbols.h. */
#include "engine/png/inflate_symbols.h"

#include <string.h>

#include "engine/png/inflate_bits.h"

/* Copies a match; may write up to 15 bytes past its end, and read as many. */
static inline void copy_match(uint8_t *out, size_t distance, size_t length)
{
    const uint8_t *from = out - distance;
    uint8_t *end = out + length;
    if (distance >= 16) {
        for (; out < end; out += 16, from += 16)
            memcpy(out, from, 16);
    } else if (distance >= 8) {
        for (; out < end; out += 8, from += 8)
            memcpy(out, from, 8);
    } else if (distance == 1) {
        memset(out, *from, length);
    } else { /* what is copied twice is the same both times */
        for (; out < end; out += distance, from += distance) {
            uint64_t some;
            memcpy(&some, from, 8);
            memcpy(out, &some, 8);
        }
    }
}

bool inflate_one_symbol(struct inflate *z, const uint8_t *begin, uint8_t **out)
{
    inflate_want(z, 48);
    uint32_t e = z->codes.literal[inflate_peek(z, LITERAL_BITS)];
    unsigned used = 0;
    if ((e & (CODE_COUNT | CODE_KIND)) == CODE_SUB) {
        used = LITERAL_BITS;
        e = z->codes.literal[(e >> 16 & 0xfff) + (inflate_peek(z, used + (e >> 28)) >> used)];
    }
    unsigned bits = used + (e & 63);
    if (bits > z->count)
        return false;
    uint64_t from = z->bits >> used;
    if (e & CODE_COUNT) {
        (*out)[0] = (uint8_t)(e >> 16);
        (*out)[1] = (uint8_t)(e >> 24);
        *out += (e & CODE_COUNT) >> 8;
        inflate_drop(z, bits);
        return true;
    }
    inflate_drop(z, bits);
    if ((e & CODE_KIND) == CODE_END)
        z->place = AT_BLOCK;
    if ((e & CODE_KIND) != CODE_LENGTH)
        return (e & CODE_KIND) == CODE_END;
    size_t length = (e >> 16 & 511) + (from >> (e >> 28) & ((1u << (e >> 25 & 7)) - 1));
    uint32_t d = z->codes.distance[inflate_peek(z, DISTANCE_BITS)];
    used = 0;
    if (d & CODE_OTHER) {
        used = DISTANCE_BITS;
        if ((d >> 8 & 15) == 0)
            return false;
        d = z->codes.distance[(d >> 16) + (inflate_peek(z, used + (d >> 8 & 15)) >> used)];
    }
    bits = used + (d & 63);
    if ((d & CODE_OTHER) || bits > z->count)
        return false;
    from = z->bits >> used;
    size_t distance = (d >> 16) + (from >> (d >> 8 & 15) & ((1u << (d >> 12 & 15)) - 1));
    inflate_drop(z, bits);
    if (distance > (size_t)(*out - begin))
        return false;
    copy_match(*out, distance, length);
    *out += length;
    return true;
}

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

/* Bits beyond `count` may be there already; loading them again changes nothing. */
bool inflate_many_symbols(struct inflate *z, const uint8_t *begin, uint8_t **to,
                          const uint8_t *limit)
{
    const uint32_t *literal = z->codes.literal, *distance = z->codes.distance;
    const uint8_t *in = z->in, *in_end = z->in_end - INFLATE_FAST_INPUT;
    uint8_t *out = *to;
    uint64_t bits = z->bits;
    unsigned count = z->count;
    bool fine = true;
#define REFILL()                                                                                   \
    do {                                                                                           \
        bits |= load64(in) << count;                                                               \
        in += (63 - count) >> 3;                                                                   \
        count |= 56;                                                                               \
    } while (0)
#define DROP(entry)                                                                                \
    do {                                                                                           \
        bits >>= (entry)&63;                                                                       \
        count -= (entry)&63;                                                                       \
    } while (0)
#define LOOK() literal[bits & ((1u << LITERAL_BITS) - 1)]
#define PUT(entry)                                                                                 \
    do {                                                                                           \
        out[0] = (uint8_t)((entry) >> 16);                                                         \
        out[1] = (uint8_t)((entry) >> 24);                                                         \
        out += ((entry)&CODE_COUNT) >> 8;                                                          \
    } while (0)
    REFILL();
    uint32_t e = LOOK();
    while (out < limit && in <= in_end) {
        /* 56 bits or more: three lookups, or two and a length, which needs 20 */
        if (e & CODE_COUNT) {
            DROP(e);
            PUT(e);
            e = LOOK();
            if (e & CODE_COUNT) {
                DROP(e);
                PUT(e);
                e = LOOK();
                if (e & CODE_COUNT) {
                    DROP(e);
                    PUT(e);
                    REFILL();
                    e = LOOK();
                    continue;
                }
            }
        }
        if ((e & CODE_KIND) == CODE_SUB) {
            DROP(LITERAL_BITS);
            e = literal[(e >> 16 & 0xfff) + (bits & ((1u << (e >> 28)) - 1))];
            if (e & CODE_COUNT) {
                DROP(e);
                PUT(e);
                REFILL();
                e = LOOK();
                continue;
            }
        }
        uint64_t from = bits;
        DROP(e);
        if ((e & CODE_KIND) != CODE_LENGTH) {
            fine = (e & CODE_KIND) == CODE_END;
            z->place = AT_BLOCK;
            break;
        }
        size_t length = (e >> 16 & 511) + (from >> (e >> 28) & ((1u << (e >> 25 & 7)) - 1));
        REFILL();
        uint32_t d = distance[bits & ((1u << DISTANCE_BITS) - 1)];
        if (d & CODE_OTHER) {
            if ((d >> 8 & 15) == 0) {
                fine = false;
                break;
            }
            DROP(DISTANCE_BITS);
            d = distance[(d >> 16) + (bits & ((1u << (d >> 8 & 15)) - 1))];
        }
        from = bits;
        DROP(d);
        size_t back = (d >> 16) + (from >> (d >> 8 & 15) & ((1u << (d >> 12 & 15)) - 1));
        if ((d & CODE_OTHER) || back > (size_t)(out - begin)) {
            fine = false;
            break;
        }
        REFILL();
        e = LOOK(); /* on its way while the match is copied */
        copy_match(out, back, length);
        out += length;
    }
#undef REFILL
#undef DROP
#undef LOOK
#undef PUT
    z->in = in;
    z->bits = bits & (((uint64_t)1 << count) - 1);
    z->count = count;
    *to = out;
    return fine;
}
