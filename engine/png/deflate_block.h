/* deflate_block.h - writes bytes, and the matches among them, as one block of a deflate stream. RFC
 * 1951, 3.2.3 to 3.2.6. Threads: pure functions. */
#ifndef UPSCALED_PNG_DEFLATE_BLOCK_H
#define UPSCALED_PNG_DEFLATE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "engine/png/deflate_codes.h"

/* Some literal bytes, and then a copy of `length` bytes from `distance` bytes before. */
struct deflate_match {
    uint32_t literals;
    uint16_t length;   /* 3..258 */
    uint16_t distance; /* 1..32768 */
};

/* `count` bytes (below 2^24). The matches follow each other in order; the bytes after the last one
 * are literals. */
struct deflate_sequence {
    const uint8_t *bytes;
    size_t count;
    const struct deflate_match *matches;
    size_t match_count;
};

enum {
    DEFLATE_WINDOW = 32768,
    DEFLATE_HASH_BITS = 13, /* two tables of 32 KiB, in or near the L1 cache */
    DEFLATE_CHAIN_BITS = 15,
    DEFLATE_MATCHES = 1 << 14 /* the most in a block */
};

/* All places of the window by their hashes: the latest place with each hash, and from each place
 * the distance back to the one before with the same hash. */
struct deflate_chains {
    uint32_t heads[1 << DEFLATE_CHAIN_BITS];
    uint16_t steps[DEFLATE_WINDOW]; /* 0 at the end of a chain */
};

/* The state of a search for matches, which goes block by block. */
struct deflate_search {
    const uint8_t *bytes;
    size_t count;      /* below 2^32 */
    size_t at;         /* the beginning of the next block */
    size_t known;      /* the first place that is not in the tables yet */
    size_t pixel, row; /* distances at which matches are likely, 1..DEFLATE_WINDOW */
    unsigned lazy;     /* a shorter match is given up if a longer one begins at the next byte */
    unsigned good;     /* for `chain`: a match of this length ends the search */
    uint32_t (*places)[1 << DEFLATE_HASH_BITS]; /* [2], initially zeros; for `match` */
    struct deflate_chains *chains;              /* initially zeros; for `chain` */
    uint8_t least[16]; /* for `chain`, by log2 of the distance: the least length, from 4 */
    unsigned key;      /* for `chain`: the number of bytes that are hashed, 4..8 */
    int depth;         /* for `chain`: the places that are tried */
};

/* The number of times that each symbol occurs in a sequence. */
struct deflate_tally {
    uint32_t literals[256];
    uint32_t lengths[256]; /* [length - 3] */
    uint32_t distances[DEFLATE_DISTANCES];
};

/* The code of each symbol: its bits | the number of bits << 24. Those of a length contain its extra
 * bits. */
struct deflate_table {
    uint32_t literals[256];
    uint32_t lengths[256];
    uint32_t distances[DEFLATE_DISTANCES];
};

/* Returns the symbol of a distance. deflate_distance_extra is the number of its extra bits, which
 * are the lowest bits of distance - 1. */
static inline unsigned deflate_distance_symbol(unsigned distance)
{
    unsigned d = distance - 1;
    if (d < 4)
        return d;
    unsigned top = 31U - (unsigned)__builtin_clz(d);
    return 2 * top + (d >> (top - 1) & 1);
}

/* Returns how many bytes agree, at most `most`. The first four must agree. Loads are of 8 bytes. */
static inline unsigned deflate_agreeing(const uint8_t *a, const uint8_t *b, unsigned most)
{
    unsigned n = 4;
    for (; n + 8 <= most; n += 8) {
        uint64_t differ = deflate_load8(a + n) ^ deflate_load8(b + n);
        if (differ)
            return n + ((unsigned)__builtin_ctzll(differ) >> 3);
    }
    while (n < most && a[n] == b[n])
        n++;
    return n;
}

static inline unsigned deflate_distance_extra(unsigned symbol)
{
    return symbol < 4 ? 0 : symbol / 2 - 1;
}

struct png_kernels;

/* Writes the sequence as a block that is not the last of the stream: with codes of its own, or
 * stored if that is smaller. */
void deflate_block_put(const struct png_kernels *k, const struct deflate_sequence *s,
                       struct deflate_bits *b);

/* Writes bytes as stored blocks. */
void deflate_stored_put(const uint8_t *bytes, size_t count, struct deflate_bits *b);

/* Writes an empty stored block, after which the stream is at a whole byte. */
void deflate_flush_put(struct deflate_bits *b);

/* Returns the bits that the symbols of the tally take in a block with its own codes, without the
 * head of the block. */
uint64_t deflate_block_cost(const struct deflate_tally *t);

#endif
