/* png_pack.h - filtered rows into deflate blocks, by one of several methods.
 *
 * Each compression level packs a strip as follows (png_choose.h tells the kinds apart):
 *
 * | compression | smooth | with a camera's noise | text, drawings | repeats far away |
 * |---|---|---|---|---|
 * | 0 | stored, not filtered | the same | the same | the same |
 * | 1..3 | codes and long runs | the same | first matches found | chains of places |
 * | 4..6 | the same | chains, up to 8 MiB | the better of two neighbouring matches | chains |
 * | 7..9 | the smaller of that and zlib, which searches longer at each level | ... | ... | ... |
 *
 * Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_PACK_H
#define UPSCALED_PNG_PNG_PACK_H

#include <stdbool.h>

#include "engine/png/png_kernels.h"

enum png_method { METHOD_STORE, METHOD_CODE, METHOD_MATCH, METHOD_CHAIN, METHOD_ZLIB };

enum {
    PNG_PACK_SEARCH = 4,      /* from this compression on, matches are searched for longer */
    PNG_PACK_BIT = 16,        /* parts of a bit in which literals are counted */
    PNG_PACK_SLOW = 7,        /* from this compression on, size counts more than time */
    PNG_PACK_BLOCK = 1 << 18, /* bytes of a block without matches */
};

/* Working memory. */
struct png_pack_room {
    struct deflate_match matches[DEFLATE_MATCHES];
    union {
        uint32_t places[2][1 << DEFLATE_HASH_BITS];
        struct deflate_chains chains;
    };
};

/* zlib's working memory for one strip, at its largest settings: 384 KiB, and its own structs. */
enum { PNG_PACK_ZLIB = 1 << 19 };

struct png_pack {
    const struct png_kernels *kernels;
    struct png_pack_room *room;
    uint8_t *zlib; /* PNG_PACK_ZLIB bytes, aligned to MEM_ALIGN; for METHOD_ZLIB only */
    enum png_method method;
    int compression;
    int literal_bits;  /* of METHOD_CHAIN: what a byte takes as a literal, in PNG_PACK_BIT */
    bool filtered;     /* by a filter other than none */
    size_t pixel, row; /* bytes of a pixel, and of a row with its filter's number */
    size_t before;     /* bytes in front of those to pack, which matches may refer to */
};

/* Room that `count` bytes need in the worst case. */
#define PNG_PACK_BOUND(count) ((count) + ((count) >> 10) * 5 + 1024)

/* Packs `count` (below 2^31) bytes into `out`, ending in a sync flush. Returns the packed size, or
 * 0 when memory is out (METHOD_ZLIB only). `out` has room for PNG_PACK_BOUND(count). */
size_t png_pack(const struct png_pack *p, const uint8_t *bytes, size_t count, uint8_t *out);

/* Begins a search for matches as METHOD_MATCH and METHOD_CHAIN do. */
struct deflate_search png_pack_search(const struct png_pack *p, const uint8_t *bytes, size_t count);

/* Finds the next block of a search, which has not ended. The matches are in p->room. */
struct deflate_sequence png_pack_next(const struct png_pack *p, struct deflate_search *search);

#endif
