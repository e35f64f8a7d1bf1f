/* png_kernels_code.c - finds runs, counts symbols and sends them; see png_kernels.h. Compiled for
 * each set. */
#include "engine/png/png_kernels_set.h"

enum { GROUP = 32, LENGTH_MAX = 258, LENGTH_MIN = 3 };

/* Whether GROUP bytes are all equal to the byte before them. */
static inline int repeats(const uint8_t *p)
{
    uint64_t v = p[-1] * UINT64_C(0x0101010101010101), differ = 0;
    for (int i = 0; i < GROUP; i += 8)
        differ |= deflate_load8(p + i) ^ v;
    return differ == 0;
}

/* Writes a run as matches. Returns the number of its bytes that remain as literals. */
static size_t add_run(struct deflate_match *matches, size_t *n, size_t literals, size_t length)
{
    while (length >= LENGTH_MIN) {
        size_t here = length < LENGTH_MAX ? length : LENGTH_MAX;
        matches[(*n)++] = (struct deflate_match){(uint32_t)literals, (uint16_t)here, 1};
        literals = 0;
        length -= here;
    }
    return length;
}

size_t png_kernels_runs(const uint8_t *bytes, size_t count, struct deflate_match *matches)
{
    size_t n = 0, at = 1, told = 0; /* the end of what the matches so far cover */
    while (at + GROUP <= count) {
        if (!repeats(bytes + at)) {
            at += GROUP;
            continue;
        }
        size_t from = at;
        for (at += GROUP; at + GROUP <= count && repeats(bytes + at);)
            at += GROUP;
        while (at < count && bytes[at] == bytes[from])
            at++;
        told = at - add_run(matches, &n, from - told, at - from);
    }
    return n;
}

/* Counts in four tables: in a single one, a byte equal to the one before would wait for its
 * count. */
static void tally_literals(const uint8_t *bytes, size_t count, uint32_t tables[4][256])
{
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        uint64_t v = deflate_load8(bytes + i);
        for (int k = 0; k < 8; k++)
            tables[k & 3][v >> (8 * k) & 255]++;
    }
    for (; i < count; i++)
        tables[0][bytes[i]]++;
}

void png_kernels_tally(const struct deflate_sequence *s, struct deflate_tally *t)
{
    uint32_t tables[4][256] = {{0}};
    const uint8_t *at = s->bytes, *end = s->bytes + s->count;
    for (size_t i = 0; i < s->match_count; i++) {
        const struct deflate_match *m = &s->matches[i];
        tally_literals(at, m->literals, tables);
        t->lengths[m->length - LENGTH_MIN]++;
        t->distances[deflate_distance_symbol(m->distance)]++;
        at += m->literals + m->length;
    }
    tally_literals(at, (size_t)(end - at), tables);
    for (int i = 0; i < 256; i++)
        t->literals[i] += tables[0][i] + tables[1][i] + tables[2][i] + tables[3][i];
}

static inline uint64_t bits_of(uint32_t entry)
{
    return entry & 0xffffff;
}

/* Codes of literals have at most DEFLATE_CODE_LIMIT bits, so four of them are stored at once. */
static void send_literals(const uint8_t *bytes, size_t count, const uint32_t *table,
                          struct deflate_bits *b)
{
    struct deflate_bits own = *b; /* a copy that stays in registers */
    for (; count >= 4; count -= 4, bytes += 4) {
        uint32_t c0 = table[bytes[0]], c1 = table[bytes[1]];
        uint32_t c2 = table[bytes[2]], c3 = table[bytes[3]];
        unsigned n01 = (c0 >> 24) + (c1 >> 24), n23 = (c2 >> 24) + (c3 >> 24);
        uint64_t low = bits_of(c0) | bits_of(c1) << (c0 >> 24);
        uint64_t high = bits_of(c2) | bits_of(c3) << (c2 >> 24);
        deflate_bits_put(&own, low | high << n01, n01 + n23);
    }
    for (; count > 0; count--, bytes++)
        deflate_bits_put(&own, bits_of(table[*bytes]), table[*bytes] >> 24);
    *b = own;
}

void png_kernels_send(const struct deflate_sequence *s, const struct deflate_table *c,
                      struct deflate_bits *b)
{
    const uint8_t *at = s->bytes, *end = s->bytes + s->count;
    struct deflate_bits own = *b;
    for (size_t i = 0; i < s->match_count; i++) {
        const struct deflate_match *m = &s->matches[i];
        send_literals(at, m->literals, c->literals, &own);
        at += m->literals + m->length;
        uint32_t length = c->lengths[m->length - LENGTH_MIN];
        unsigned symbol = deflate_distance_symbol(m->distance);
        unsigned extra = deflate_distance_extra(symbol), bits = c->distances[symbol] >> 24;
        uint64_t rest = (m->distance - 1U) & ((1U << extra) - 1);
        uint64_t distance = bits_of(c->distances[symbol]) | rest << bits;
        deflate_bits_put(&own, bits_of(length) | distance << (length >> 24),
                         (length >> 24) + bits + extra);
    }
    send_literals(at, (size_t)(end - at), c->literals, &own);
    *b = own;
}
