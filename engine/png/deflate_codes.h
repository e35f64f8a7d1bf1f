/* deflate_codes.h - makes Huffman codes with a limit on their length, and the head by which a block
 * describes them. RFC 1951, 3.2.2 and 3.2.7. Threads: pure functions. */
#ifndef UPSCALED_PNG_DEFLATE_CODES_H
#define UPSCALED_PNG_DEFLATE_CODES_H

#include <stdint.h>

#include "engine/png/deflate_bits.h"

enum {
    DEFLATE_LITERALS = 286, /* 256 bytes, the end of the block, 29 lengths */
    DEFLATE_DISTANCES = 30,
    DEFLATE_END = 256,       /* the symbol that ends a block */
    DEFLATE_CODE_LIMIT = 14, /* of deflate's 15, so that four codes fit after 7 held bits */
};

/* Finds the lengths of a code for symbols that occur counts[i] times (each below 2^24). Symbols
 * that never occur have length 0. No length is larger than `limit` (1..15). There are at least 2
 * and at most 2^limit and DEFLATE_LITERALS symbols. The code is complete: the sum of 2^-length is
 * 1. It has at least two symbols, because decoders differ on codes of one symbol. The lengths are
 * optimal if none would be larger than the limit. Otherwise they are near it for limits such as
 * deflate's. */
void deflate_code_lengths(const uint32_t *counts, int symbols, int limit, uint8_t *lengths);

/* Finds the canonical codes of these lengths, with their bits in the order in which they are
 * sent. */
void deflate_code_assign(const uint8_t *lengths, int symbols, uint16_t *codes);

/* The part of a dynamic block's head that describes the two codes. */
struct deflate_head {
    uint8_t symbol[DEFLATE_LITERALS + DEFLATE_DISTANCES]; /* of the code length alphabet */
    uint8_t extra[DEFLATE_LITERALS + DEFLATE_DISTANCES];  /* bits of the repeat count */
    int count;
    int literals, distances, lengths; /* the number of lengths of each code that are sent */
    uint8_t length[19];
    uint32_t bits; /* that deflate_head_put writes */
};

void deflate_head_make(const uint8_t *literals, const uint8_t *distances, struct deflate_head *h);
void deflate_head_put(const struct deflate_head *h, struct deflate_bits *b);

#endif
