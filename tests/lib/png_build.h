/* png_build.h - PNG files made by hand for tests: every colour type and depth, Adam7, all filters,
 * any chunk anywhere; and, independently of any decoder, the pixels that they must decode to. */
#ifndef UPSCALED_TESTS_LIB_PNG_BUILD_H
#define UPSCALED_TESTS_LIB_PNG_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/image.h"
#include "engine/png/png_head.h"

/* Bytes that grow; zeroed at first, free(data) at last. */
struct bytes {
    uint8_t *data;
    size_t length;
};

void bytes_add(struct bytes *b, const void *data, size_t length);
void bytes_done(struct bytes *b);

struct png_build {
    struct png_head head;
    int colors; /* of the palette; 0: no PLTE */
    uint8_t palette[768];
    int alphas; /* bytes of tRNS for a palette; 0: none */
    uint8_t alpha[256];
    bool key; /* tRNS for gray and RGB */
    uint16_t key_color[3];
    uint16_t *samples; /* [height][width][channels as stored] */
    size_t idat_bytes; /* of each IDAT; 0: one for all */
    int level;         /* of zlib's compression, 0..9; png_build_random says 6 */
    int strategy;      /* Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED */
};

/* A random picture; with `transparent`, a tRNS where the colour type may have one. */
void png_build_random(struct png_build *p, struct png_head head, bool transparent, uint64_t *seed);
void png_build_done(struct png_build *p);

/* What a decoder must make of it. The caller frees the pixels. */
uint8_t *png_build_expected(const struct png_build *p, struct image_format *f);

/* Filtered scanlines, as they are before compression. */
void png_build_scanlines(const struct png_build *p, uint64_t *seed, struct bytes *out);

/* `data` as a zlib stream. */
void png_build_zlib(const struct bytes *data, int level, int strategy, struct bytes *out);

/* The signature; one chunk; a chunk of compressed `data` or several of at most `split` bytes. */
void png_build_signature(struct bytes *out);
void png_build_chunk(struct bytes *out, const char *type, const void *data, size_t length);
void png_build_idat(struct bytes *out, const struct bytes *data, size_t split);
void png_build_ihdr(struct bytes *out, const struct png_head *head);

/* A whole file. `first` (before PLTE), `second` (before IDAT), `third` (after IDAT): raw chunks to
 * put there, or NULL. */
void png_build_file(const struct png_build *p, uint64_t *seed, const struct bytes *first,
                    const struct bytes *second, const struct bytes *third, struct bytes *out);

/* Makes the check sums of all whole chunks right again. */
void png_build_mend(struct bytes *file);

#endif
