/* inflate.c - see inflate.h.
 *
 * Two loops for the same thing: a fast one while the input's span and the room for output are far
 * from their ends, and one symbol at a time near them. */
#include "engine/image/inflate.h"

#include <string.h>

enum {
    FAST_INPUT = 32,     /* bytes that the fast loop may load from */
    LONG_BLOCK = 1 << 13 /* bytes: after a block of so many, the next is taken to be long too */
};

void inflate_init(struct inflate *z, inflate_next *next_span, void *arg)
{
    z->next_span = next_span;
    z->arg = arg;
    z->in = z->in_end = NULL;
    z->bits = 0;
    z->count = 0;
    z->place = AT_HEAD;
    z->last_block = z->fixed = false;
    z->block_bytes = LONG_BLOCK;
    z->blocks = 0;
}

/* --- bits ------------------------------------------------------------------------------------- */

/* Takes whole bytes until there are `bits` (at most 57) of them; false where the input ends. */
static bool want(struct inflate *z, unsigned bits)
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

static unsigned peek(const struct inflate *z, unsigned bits)
{
    return (unsigned)(z->bits & (((uint64_t)1 << bits) - 1));
}

/* Only what is there: see want. */
static void drop(struct inflate *z, unsigned bits)
{
    z->bits >>= bits;
    z->count -= bits;
}

static unsigned take(struct inflate *z, unsigned bits)
{
    unsigned value = peek(z, bits);
    drop(z, bits);
    return value;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static bool read_head(struct inflate *z)
{
    if (!want(z, 16))
        return false;
    unsigned method = take(z, 8), flags = take(z, 8);
    z->place = AT_BLOCK;
    /* deflate, 32 KiB window, no dictionary: with smaller windows, how far back zlib lets a match
     * reach depends on how it is called */
    return method == 0x78 && (flags & 0x20) == 0 && (method << 8 | flags) % 31 == 0;
}

static bool begin_stored(struct inflate *z)
{
    drop(z, z->count & 7);
    if (!want(z, 32))
        return false;
    unsigned length = take(z, 16), check = take(z, 16);
    z->left = length;
    z->place = IN_STORED;
    return length == (check ^ 0xffff);
}

static bool begin_fixed(struct inflate *z)
{
    uint8_t lengths[CODE_LITERALS];
    z->place = IN_CODES;
    if (z->fixed)
        return true;
    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    z->fixed = inflate_codes_literals(&z->codes, lengths, CODE_LITERALS, true);
    memset(lengths, 5, CODE_DISTANCES);
    return z->fixed && inflate_codes_distances(&z->codes, lengths, CODE_DISTANCES);
}

/* Reads the `count` code lengths of a dynamic block, themselves coded. */
static bool read_lengths(struct inflate *z, uint8_t *lengths, unsigned count)
{
    static const struct {
        uint8_t bits, least;
    } repeats[3] = {{2, 3}, {3, 3}, {7, 11}}; /* symbols 16, 17, 18 */
    for (unsigned i = 0; i < count;) {
        want(z, LENGTH_BITS + 7); /* or what is left */
        uint32_t e = z->codes.length[peek(z, LENGTH_BITS)];
        unsigned symbol = e >> 16, bits = e & 63;
        if (bits > z->count)
            return false;
        drop(z, bits);
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (repeats[symbol - 16].bits > z->count || (symbol == 16 && i == 0))
            return false;
        unsigned n = repeats[symbol - 16].least + take(z, repeats[symbol - 16].bits);
        if (n > count - i)
            return false;
        memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, n);
        i += n;
    }
    return true;
}

static bool begin_dynamic(struct inflate *z)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                      11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[286 + 30] = {0};
    if (!want(z, 14))
        return false;
    unsigned literals = take(z, 5) + 257, distances = take(z, 5) + 1, codes = take(z, 4) + 4;
    if (literals > 286 || distances > 30)
        return false;
    for (unsigned i = 0; i < codes; i++) {
        if (!want(z, 3))
            return false;
        lengths[order[i]] = (uint8_t)take(z, 3);
    }
    if (!inflate_codes_lengths(&z->codes, lengths, 19) ||
        !read_lengths(z, lengths, literals + distances) || lengths[256] == 0)
        return false;
    z->fixed = false;
    z->place = IN_CODES;
    return inflate_codes_literals(&z->codes, lengths, literals, z->block_bytes >= LONG_BLOCK) &&
           inflate_codes_distances(&z->codes, lengths + literals, distances);
}

static bool begin_block(struct inflate *z)
{
    if (z->last_block) {
        z->place = AT_TAIL;
        return true;
    }
    if (!want(z, 3))
        return false;
    z->last_block = take(z, 1);
    unsigned kind = take(z, 2);
    z->blocks++;
    bool fine = kind == 0   ? begin_stored(z)
                : kind == 1 ? begin_fixed(z)
                : kind == 2 ? begin_dynamic(z)
                            : false;
    z->block_bytes = 0;
    return fine;
}

/* The check sum, and nothing behind it. */
static bool read_tail(struct inflate *z)
{
    drop(z, z->count & 7);
    if (!want(z, 32))
        return false;
    z->adler = __builtin_bswap32(take(z, 32));
    z->place = AT_END;
    return !want(z, 8);
}

/* --- contents --------------------------------------------------------------------------------- */

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

/* One symbol, with as many bits as there are. */
static bool one_symbol(struct inflate *z, const uint8_t *begin, uint8_t **out)
{
    want(z, 48);
    uint32_t e = z->codes.literal[peek(z, LITERAL_BITS)];
    unsigned used = 0;
    if ((e & (CODE_COUNT | CODE_KIND)) == CODE_SUB) {
        used = LITERAL_BITS;
        e = z->codes.literal[(e >> 16 & 0xfff) + (peek(z, used + (e >> 28)) >> used)];
    }
    unsigned bits = used + (e & 63);
    if (bits > z->count)
        return false;
    uint64_t from = z->bits >> used;
    if (e & CODE_COUNT) {
        (*out)[0] = (uint8_t)(e >> 16);
        (*out)[1] = (uint8_t)(e >> 24);
        *out += (e & CODE_COUNT) >> 8;
        drop(z, bits);
        return true;
    }
    drop(z, bits);
    if ((e & CODE_KIND) == CODE_END)
        z->place = AT_BLOCK;
    if ((e & CODE_KIND) != CODE_LENGTH)
        return (e & CODE_KIND) == CODE_END;
    size_t length = (e >> 16 & 511) + (from >> (e >> 28) & ((1u << (e >> 25 & 7)) - 1));
    uint32_t d = z->codes.distance[peek(z, DISTANCE_BITS)];
    used = 0;
    if (d & CODE_OTHER) {
        used = DISTANCE_BITS;
        if ((d >> 8 & 15) == 0)
            return false;
        d = z->codes.distance[(d >> 16) + (peek(z, used + (d >> 8 & 15)) >> used)];
    }
    bits = used + (d & 63);
    if ((d & CODE_OTHER) || bits > z->count)
        return false;
    from = z->bits >> used;
    size_t distance = (d >> 16) + (from >> (d >> 8 & 15) & ((1u << (d >> 12 & 15)) - 1));
    drop(z, bits);
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

/* As many symbols as there is input and room for. Bits beyond `count` may be there already; loading
 * them again changes nothing. */
static bool many_symbols(struct inflate *z, const uint8_t *begin, uint8_t **to,
                         const uint8_t *limit)
{
    const uint32_t *literal = z->codes.literal, *distance = z->codes.distance;
    const uint8_t *in = z->in, *in_end = z->in_end - FAST_INPUT;
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

static bool run_codes(struct inflate *z, const uint8_t *begin, uint8_t **out, const uint8_t *limit)
{
    while (z->place == IN_CODES && *out < limit) {
        const uint8_t *from = *out;
        bool fine = z->in_end - z->in >= FAST_INPUT ? many_symbols(z, begin, out, limit)
                                                    : one_symbol(z, begin, out);
        z->block_bytes += (size_t)(*out - from);
        if (!fine)
            return false;
    }
    return true;
}

static bool run_stored(struct inflate *z, uint8_t **out, const uint8_t *limit)
{
    while (z->left > 0 && *out < limit) {
        if (z->count > 0 || z->in == z->in_end) { /* whole bytes */
            if (!want(z, 8))
                return false;
            *(*out)++ = (uint8_t)take(z, 8);
            z->left--;
            continue;
        }
        size_t n = (size_t)(z->in_end - z->in), room = (size_t)(limit - *out);
        n = n < room ? n : room;
        n = n < z->left ? n : z->left;
        memcpy(*out, z->in, n);
        *out += n;
        z->in += n;
        z->left -= n;
    }
    if (z->left == 0)
        z->place = AT_BLOCK;
    return true;
}

enum inflate_result inflate_run(struct inflate *z, const uint8_t *begin, uint8_t **out,
                                const uint8_t *limit, uint32_t blocks)
{
    bool fine = z->place != AT_NOTHING;
    uint32_t last = z->blocks + blocks;
    while (fine && z->place != AT_END) {
        if (*out >= limit || (z->place == AT_BLOCK && z->blocks == last))
            return INFLATE_MORE;
        switch (z->place) {
        case AT_HEAD:
            fine = read_head(z);
            break;
        case AT_BLOCK:
            fine = begin_block(z);
            break;
        case IN_STORED:
            fine = run_stored(z, out, limit);
            break;
        case IN_CODES:
            fine = run_codes(z, begin, out, limit);
            break;
        case AT_TAIL:
            fine = read_tail(z);
            break;
        default:
            break;
        }
    }
    if (fine)
        return INFLATE_END;
    z->place = AT_NOTHING;
    return INFLATE_REFUSED;
}
