/* inflate_codes.c - see inflate_codes.h. */
#include "engine/png/inflate_codes.h"

#include <string.h>

/* Of length symbols from 257 on, and of distance symbols. */
static const struct {
    uint16_t base;
    uint8_t extra;
} lengths_of[] = {{3, 0},   {4, 0},   {5, 0},   {6, 0},   {7, 0},  {8, 0},  {9, 0},  {10, 0},
                  {11, 1},  {13, 1},  {15, 1},  {17, 1},  {19, 2}, {23, 2}, {27, 2}, {31, 2},
                  {35, 3},  {43, 3},  {51, 3},  {59, 3},  {67, 4}, {83, 4}, {99, 4}, {115, 4},
                  {131, 5}, {163, 5}, {195, 5}, {227, 5}, {258, 0}},
  distances_of[] = {{1, 0},     {2, 0},     {3, 0},     {4, 0},      {5, 1},      {7, 1},
                    {9, 2},     {13, 2},    {17, 3},    {25, 3},     {33, 4},     {49, 4},
                    {65, 5},    {97, 5},    {129, 6},   {193, 6},    {257, 7},    {385, 7},
                    {513, 8},   {769, 8},   {1025, 9},  {1537, 9},   {2049, 10},  {3073, 10},
                    {4097, 11}, {6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}};

/* The table's entry for a symbol whose code has `bits` bits. */
typedef uint32_t make_entry(unsigned symbol, unsigned bits);

static uint32_t literal_entry(unsigned symbol, unsigned bits)
{
    if (symbol < 256)
        return symbol << 16 | CODE_ONE | bits;
    if (symbol == 256)
        return CODE_END | bits;
    symbol -= 257;
    if (symbol >= sizeof lengths_of / sizeof *lengths_of)
        return CODE_BAD;
    uint32_t extra = lengths_of[symbol].extra;
    return bits << 28 | extra << 25 | (uint32_t)lengths_of[symbol].base << 16 | CODE_LENGTH |
           (bits + extra);
}

static uint32_t distance_entry(unsigned symbol, unsigned bits)
{
    if (symbol >= sizeof distances_of / sizeof *distances_of)
        return CODE_OTHER;
    uint32_t extra = distances_of[symbol].extra;
    return (uint32_t)distances_of[symbol].base << 16 | extra << 12 | bits << 8 | (bits + extra);
}

static uint32_t length_entry(unsigned symbol, unsigned bits)
{
    return symbol << 16 | bits;
}

static uint32_t literal_sub(unsigned place, unsigned bits)
{
    return bits << 28 | place << 16 | CODE_SUB | LITERAL_BITS;
}

static uint32_t distance_sub(unsigned place, unsigned bits)
{
    return place << 16 | bits << 8 | CODE_OTHER | DISTANCE_BITS;
}

/* A table in the making. */
struct maker {
    uint32_t *table;
    unsigned bits;  /* of its index */
    size_t entries; /* with the tables behind it */
    make_entry *entry, *sub;
    unsigned count[CODE_MAX_BITS + 1]; /* symbols of each length */
    uint16_t sorted[CODE_LITERALS];    /* by length, then by value */
    unsigned used;                     /* symbols with a code */
    unsigned longest;
};

/* Sorts the symbols; whether their lengths make a complete code. */
static bool sort(struct maker *m, const uint8_t *lengths, size_t count)
{
    unsigned at[CODE_MAX_BITS + 2] = {0};
    int left = 1;
    memset(m->count, 0, sizeof m->count);
    for (size_t i = 0; i < count; i++)
        m->count[lengths[i]]++;
    m->count[0] = 0;
    m->longest = 0;
    for (unsigned n = 1; n <= CODE_MAX_BITS; n++) {
        left = 2 * left - (int)m->count[n];
        if (left < 0)
            return false;
        at[n + 1] = at[n] + m->count[n];
        if (m->count[n])
            m->longest = n;
    }
    m->used = at[CODE_MAX_BITS + 1];
    for (size_t i = 0; i < count; i++)
        if (lengths[i])
            m->sorted[at[lengths[i]]++] = (uint16_t)i;
    return left == 0;
}

/* The next code of `bits` bits, which are stored from the highest: counting from the left. */
static unsigned next_code(unsigned code, unsigned bits)
{
    unsigned bit = 1u << (bits - 1);
    while (code & bit)
        bit >>= 1;
    return bit ? (code & (bit - 1)) | bit : 0;
}

/* Index bits of the table behind a prefix, where codes of `n` bits come next. */
static unsigned sub_bits(const struct maker *m, unsigned n, const unsigned *left_of)
{
    unsigned bits = n - m->bits;
    int left = 1 << bits;
    while (bits + m->bits < m->longest) {
        left -= (int)left_of[bits + m->bits];
        if (left <= 0)
            break;
        bits++;
        left <<= 1;
    }
    return bits;
}

/* Codes longer than the index, from symbol number `i` on: tables behind the table. */
static bool fill_subs(struct maker *m, unsigned i, unsigned n, unsigned code, unsigned *left_of)
{
    unsigned prefix_mask = (1u << m->bits) - 1, prefix = UINT32_MAX, bits = 0;
    size_t place = (size_t)1 << m->bits;
    for (; n <= m->longest; n++)
        for (; left_of[n] > 0; left_of[n]--, i++) {
            if ((code & prefix_mask) != prefix) {
                place += prefix == UINT32_MAX ? 0 : (size_t)1 << bits;
                prefix = code & prefix_mask;
                bits = sub_bits(m, n, left_of);
                if (place + ((size_t)1 << bits) > m->entries)
                    return false;
                m->table[prefix] = m->sub((unsigned)place, bits);
            }
            uint32_t entry = m->entry(m->sorted[i], n - m->bits);
            for (unsigned k = code >> m->bits; k < 1u << bits; k += 1u << (n - m->bits))
                m->table[place + k] = entry;
            code = next_code(code, n);
        }
    return true;
}

/* Fills the table of a complete code. Codes come in order of length, so the entries so far are
 * valid for longer indices too: the table is doubled whenever the codes grow by a bit. */
static bool fill(struct maker *m)
{
    unsigned code = 0, i = 0, n = 1, left_of[CODE_MAX_BITS + 1];
    memcpy(left_of, m->count, sizeof left_of);
    memset(m->table, 0, 2 * sizeof *m->table);
    for (; n <= m->bits; n++) {
        for (; left_of[n] > 0; left_of[n]--, i++) {
            m->table[code] = m->entry(m->sorted[i], n);
            code = next_code(code, n);
        }
        if (n < m->bits)
            memcpy(m->table + ((size_t)1 << n), m->table, sizeof *m->table << n);
    }
    return m->longest <= m->bits || fill_subs(m, i, n, code, left_of);
}

/* Joins a literal with the next one where both codes fit the index. Works from the end, since the
 * entries that it looks up must still stand for one literal. */
static void join_pairs(uint32_t *table)
{
    for (unsigned i = 1u << LITERAL_BITS; i-- > 0;) {
        uint32_t e = table[i];
        if ((e & CODE_COUNT) != CODE_ONE)
            continue;
        uint32_t f = table[i >> (e & 63)], bits = (e & 63) + (f & 63);
        if ((f & CODE_COUNT) == CODE_ONE && bits <= LITERAL_BITS)
            table[i] = (f & 0xff0000) << 8 | (e & 0xff0000) | CODE_TWO | bits;
    }
}

bool inflate_codes_literals(struct inflate_codes *c, const uint8_t *lengths, size_t count,
                            bool pairs)
{
    struct maker m = {.table = c->literal,
                      .bits = LITERAL_BITS,
                      .entries = LITERAL_ENTRIES,
                      .entry = literal_entry,
                      .sub = literal_sub};
    if (!sort(&m, lengths, count) || !fill(&m))
        return false;
    if (pairs)
        join_pairs(c->literal);
    return true;
}

bool inflate_codes_distances(struct inflate_codes *c, const uint8_t *lengths, size_t count)
{
    struct maker m = {.table = c->distance,
                      .bits = DISTANCE_BITS,
                      .entries = DISTANCE_ENTRIES,
                      .entry = distance_entry,
                      .sub = distance_sub};
    if (sort(&m, lengths, count))
        return fill(&m);
    if (m.used > 1 || (m.used == 1 && m.count[1] != 1))
        return false;
    for (unsigned i = 0; i < 1u << DISTANCE_BITS; i++)
        c->distance[i] = m.used == 1 && i % 2 == 0 ? distance_entry(m.sorted[0], 1) : CODE_OTHER;
    return true;
}

bool inflate_codes_lengths(struct inflate_codes *c, const uint8_t *lengths, size_t count)
{
    struct maker m = {.table = c->length,
                      .bits = LENGTH_BITS,
                      .entries = (size_t)1 << LENGTH_BITS,
                      .entry = length_entry};
    return sort(&m, lengths, count) && fill(&m);
}
