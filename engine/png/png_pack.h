/* png_pack.h - packs filtered rows into deflate blocks, by one of several methods.
 *
 * Each compression level packs a strip as follows (png_choose.h distinguishes the kinds):
 *
 * | compression | smooth | with a camera's noise | text, drawings | repeats far away |
 * |---|---|---|---|---|
 * | 0 | stored, not filtered | the same | the same | the same |
 * | 1..3 | codes and long runs | the same | first matches found | chains of places |
 * | 4..6 | the same | chains, up to 16 MiB | the better of two neighbouring matches | chains |
 * | 7..9 | the smaller of that and zlib, which searches longer at each level | ... | ... | ... |
 *
 * At 4..6, up to 16 MiB that no network has made, chains are also taken wherever a part of the
 * strip becomes smaller with them. Where matches leave less than half a bit of a byte, as in codes,
 * text and drawings, they are followed four times as far.
 *
 * Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_PACK_H
#define UPSCALED_PNG_PNG_PACK_H

#include <stdbool.h>

#include "engine/png/png_kernels.h"

enum png_method { METHOD_STORE, METHOD_CODE, METHOD_MATCH, METHOD_CHAIN, METHOD_DEEP, METHOD_ZLIB };

enum {
    PNG_PACK_SEARCH = 4,      /* from this compression on, the search for matches is longer */
    PNG_PACK_BIT = 16,        /* the unit of literal_bits: so many parts make a bit */
    PNG_PACK_SLOW = 7,        /* from this compression on, size counts more than time */
    PNG_PACK_BLOCK = 1 << 18, /* bytes of a block without matches */
};

/* Whether the method follows chains of places: METHOD_DEEP follows them further. */
static inline bool png_pack_chains(enum png_method method)
{
    return method == METHOD_CHAIN || method == METHOD_DEEP;
}

/* The working memory of one strip. */
struct png_pack_room {
    struct deflate_match matches[DEFLATE_MATCHES];
    union {
        uint32_t places[2][1 << DEFLATE_HASH_BITS];
        struct deflate_chains chains;
    };
};

/* The working memory of zlib for one strip, at its largest settings: 384 KiB, and its own
 * structs. */
enum { PNG_PACK_ZLIB = 1 << 19 };

struct png_pack {
    const struct png_kernels *kernels;
    struct png_pack_room *room;
    uint8_t *zlib; /* PNG_PACK_ZLIB bytes, aligned to MEM_ALIGN; for METHOD_ZLIB only */
    enum png_method method;
    int compression;
    int literal_bits;  /* for chains: the bits of a literal, times PNG_PACK_BIT */
    bool filtered;     /* by a filter other than none */
    size_t pixel, row; /* bytes of a pixel, and of a row with the number of its filter */
    size_t before;     /* bytes before those to pack, to which matches may refer */
};

/* The most bytes that `count` bytes become. */
#define PNG_PACK_BOUND(count) ((count) + ((count) >> 10) * 5 + 1024)

/* Packs `count` (below 2^31) bytes into `out`, and ends with a sync flush. Returns the packed size,
 * or 0 if there is not enough memory (METHOD_ZLIB only). `out` has room for
 * PNG_PACK_BOUND(count). */
size_t png_pack(const struct png_pack *p, const uint8_t *bytes, size_t count, uint8_t *out);

/* Begins a search for matches as METHOD_MATCH, METHOD_CHAIN and METHOD_DEEP do. */
struct deflate_search png_pack_search(const struct png_pack *p, const uint8_t *bytes, size_t count);

/* Finds the next block of a search that is not at its end. The matches are in p->room. */
struct deflate_sequence png_pack_next(const struct png_pack *p, struct deflate_search *search);

#endif
