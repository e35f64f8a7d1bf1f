/* inflate.c - see inflate.h: the stream's parts, one after the other. */
#include "engine/png/inflate.h"

#include <string.h>

#include "engine/png/inflate_bits.h"
#include "engine/png/inflate_symbols.h"

enum { LONG_BLOCK = 1 << 13 }; /* bytes: a block that long makes a long next block likely */

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

static bool read_head(struct inflate *z)
{
    if (!inflate_want(z, 16))
        return false;
    unsigned method = inflate_take(z, 8), flags = inflate_take(z, 8);
    z->place = AT_BLOCK;
    /* deflate, 32 KiB window, no dictionary: with smaller windows, how far back zlib lets a match
     * reach depends on how it is called */
    return method == 0x78 && (flags & 0x20) == 0 && (method << 8 | flags) % 31 == 0;
}

static bool begin_stored(struct inflate *z)
{
    inflate_drop(z, z->count & 7);
    if (!inflate_want(z, 32))
        return false;
    unsigned length = inflate_take(z, 16), check = inflate_take(z, 16);
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
        inflate_want(z, LENGTH_BITS + 7); /* or what is left */
        uint32_t e = z->codes.length[inflate_peek(z, LENGTH_BITS)];
        unsigned symbol = e >> 16, bits = e & 63;
        if (bits > z->count)
            return false;
        inflate_drop(z, bits);
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (repeats[symbol - 16].bits > z->count || (symbol == 16 && i == 0))
            return false;
        unsigned n = repeats[symbol - 16].least + inflate_take(z, repeats[symbol - 16].bits);
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
    if (!inflate_want(z, 14))
        return false;
    unsigned literals = inflate_take(z, 5) + 257, distances = inflate_take(z, 5) + 1,
             codes = inflate_take(z, 4) + 4;
    if (literals > 286 || distances > 30)
        return false;
    for (unsigned i = 0; i < codes; i++) {
        if (!inflate_want(z, 3))
            return false;
        lengths[order[i]] = (uint8_t)inflate_take(z, 3);
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
    if (!inflate_want(z, 3))
        return false;
    z->last_block = inflate_take(z, 1);
    unsigned kind = inflate_take(z, 2);
    z->blocks++;
    bool fine = kind == 0   ? begin_stored(z)
                : kind == 1 ? begin_fixed(z)
                : kind == 2 ? begin_dynamic(z)
                            : false;
    z->block_bytes = 0;
    return fine;
}

/* Reads the check sum, which must be the last of the input. */
static bool read_tail(struct inflate *z)
{
    inflate_drop(z, z->count & 7);
    if (!inflate_want(z, 32))
        return false;
    z->adler = __builtin_bswap32(inflate_take(z, 32));
    z->place = AT_END;
    return !inflate_want(z, 8);
}

static bool run_codes(struct inflate *z, const uint8_t *begin, uint8_t **out, const uint8_t *limit)
{
    while (z->place == IN_CODES && *out < limit) {
        const uint8_t *from = *out;
        bool fine = z->in_end - z->in >= INFLATE_FAST_INPUT
                        ? inflate_many_symbols(z, begin, out, limit)
                        : inflate_one_symbol(z, begin, out);
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
            if (!inflate_want(z, 8))
                return false;
            *(*out)++ = (uint8_t)inflate_take(z, 8);
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
