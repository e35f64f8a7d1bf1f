/* inflate_codes.h - Huffman codes as tables for decoding (RFC 1951, 3.2). Used by inflate.c.
 *
 * A table is indexed by the next bits of input. Its entries, from the lowest bit:
 *   6 bits   how many bits to drop: the code's and, where there are, its extra ones
 * literals and lengths:
 *   2 (8)    how many literals it stands for, 1 or 2, in the upper 16 bits; or 0 and then
 *   4 (12)   CODE_LENGTH: base (9 bits from 16), number of extra bits (3 from 25), and of bits
 *            before them (4 from 28); CODE_END; CODE_SUB: goes on in another table; CODE_BAD
 * distances:
 *   4 (8)    bits before the extra ones; of the other table's index for CODE_SUB
 *   4 (12)   number of extra bits
 *   1 (6)    CODE_OTHER: goes on in another table, or, where that has no bits, is no code
 *   16 (16)  base; place of the other table */
#ifndef UPSCALED_PNG_INFLATE_CODES_H
#define UPSCALED_PNG_INFLATE_CODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CODE_LITERALS = 288, /* with the two that never occur */
    CODE_DISTANCES = 32,
    CODE_MAX_BITS = 15,
    LITERAL_BITS = 11,
    DISTANCE_BITS = 8,
    /* zlib's enough.c: the most entries that complete codes of so many symbols need */
    LITERAL_ENTRIES = 2342,
    DISTANCE_ENTRIES = 402,
    LENGTH_BITS = 7, /* of the code that code lengths are coded by */
};

enum {
    CODE_COUNT = 3 << 8, /* of literals */
    CODE_ONE = 1 << 8,
    CODE_TWO = 2 << 8,
    CODE_KIND = 15 << 12,
    CODE_BAD = 0 << 12,
    CODE_LENGTH = 1 << 12,
    CODE_END = 2 << 12,
    CODE_SUB = 3 << 12,
    CODE_OTHER = 1 << 6,
};

struct inflate_codes {
    uint32_t literal[LITERAL_ENTRIES];
    uint32_t distance[DISTANCE_ENTRIES];
    uint32_t length[1 << LENGTH_BITS]; /* symbol from bit 16 */
};

/* Each makes a table by the lengths of the symbols' codes; false where they make no complete code.
 * A distance code may also have one symbol of length 1, or none. `pairs`: two literals at a time
 * where they fit the index; pays for blocks of some length. */
bool inflate_codes_literals(struct inflate_codes *c, const uint8_t *lengths, size_t count,
                            bool pairs);
bool inflate_codes_distances(struct inflate_codes *c, const uint8_t *lengths, size_t count);
bool inflate_codes_lengths(struct inflate_codes *c, const uint8_t *lengths, size_t count);

#endif
