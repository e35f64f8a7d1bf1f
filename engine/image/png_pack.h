/* png_pack.h - filtered rows into deflate blocks, by one of several methods.
 *
 * | compression | how |
 * |---|---|
 * | 0 | stored, not filtered |
 * | 1..6 | a photograph's strips: Paeth's filter, Huffman codes and long runs; others: zlib at that
 * level | 7..9 | zlib at that level |
 *
 * Threads: pure functions. */
#ifndef UPSCALED_IMAGE_PNG_PACK_H
#define UPSCALED_IMAGE_PNG_PACK_H

#include <stdbool.h>

#include "engine/image/png_kernels.h"

enum png_method { METHOD_STORE, METHOD_CODE, METHOD_ZLIB };

struct png_pack {
    const struct png_kernels *kernels;
    enum png_method method;
    int level, strategy;           /* METHOD_ZLIB: zlib's */
    struct deflate_match *matches; /* working memory: PNG_PACK_MATCHES(count) */
};

enum { PNG_PACK_BLOCK = 1 << 18 }; /* bytes of a block: codes follow the picture, and fit L2 */
#define PNG_PACK_MATCHES PNG_KERNELS_RUNS(PNG_PACK_BLOCK)

/* Room that `count` bytes need in the worst case. */
#define PNG_PACK_BOUND(count) ((count) + ((count) >> 10) * 5 + 1024)

/* Writes `count` (below 2^31) bytes to `out`, ending in a sync flush; how many that makes, 0 when
 * memory is out (METHOD_ZLIB). `out` has PNG_PACK_BOUND(count). */
size_t png_pack(const struct png_pack *p, const uint8_t *bytes, size_t count, uint8_t *out);

#endif
