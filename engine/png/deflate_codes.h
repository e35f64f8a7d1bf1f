/* deflate_codes.h - Huffman codes no longer than a limit, and how a block announces them.
 * RFC 1951, 3.2.2 and 3.2.7. Threads: pure functions. */
#ifndef UPSCALED_PNG_DEFLATE_CODES_H
#define UPSCALED_PNG_DEFLATE_CODES_H

#include <stdint.h>

#include "engine/png/deflate_bits.h"

enum {
    DEFLATE_LITERALS = 286, /* 256 bytes, the end of the block, 29 lengths */
    DEFLATE_DISTANCES = 30,
    DEFLATE_END = 256,       /* the symbol that ends a block */
    DEFLATE_CODE_LIMIT = 14, /* of deflate's 15, so that four codes fit behind seven held bits */
};

/* The lengths of a code for symbols that come `counts[i]` times (each below 2^24; 0: never, length
 * 0), none longer than `limit` (1..15), 2^limit >= symbols >= 2. The code is complete: the sum of
 * 2^-length is 1. It has two symbols at least, since decoders differ over codes of one. Lengths are
 * optimal unless the limit binds, and then near it for limits such as deflate's. symbols <=
 * DEFLATE_LITERALS. */
void deflate_code_lengths(const uint32_t *counts, int symbols, int limit, uint8_t *lengths);

/* The canonical codes of these lengths, their bits in the order in which they are sent. */
void deflate_code_assign(const uint8_t *lengths, int symbols, uint16_t *codes);

/* The part of a dynamic block's head that describes the two codes. */
struct deflate_head {
    uint8_t symbol[DEFLATE_LITERALS + DEFLATE_DISTANCES]; /* of the code length alphabet */
    uint8_t extra[DEFLATE_LITERALS + DEFLATE_DISTANCES];  /* repeat count's bits */
    int count;
    int literals, distances, lengths; /* how many lengths of each code are sent */
    uint8_t length[19];
    uint32_t bits; /* of all that deflate_head_put writes */
};

void deflate_head_make(const uint8_t *literals, const uint8_t *distances, struct deflate_head *h);
void deflate_head_put(const struct deflate_head *h, struct deflate_bits *b);

#endif
