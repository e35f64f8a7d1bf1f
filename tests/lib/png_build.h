/* png_build.h - for tests: makes PNG files of every colour type and depth, with Adam7, all filters,
 * and any chunk anywhere. It also gives the pixels that they must decode to, without a decoder. */
#ifndef UPSCALED_TESTS_LIB_PNG_BUILD_H
#define UPSCALED_TESTS_LIB_PNG_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/image/image.h"
#include "engine/png/png_head.h"

/* Bytes that grow. Start with zeros; the caller frees `data` with free(). */
struct bytes {
    uint8_t *data;
    size_t length, capacity; /* the capacity may be less: then the block is as large as its bytes */
};

void bytes_add(struct bytes *b, const void *data, size_t length);
void bytes_done(struct bytes *b);

struct png_build {
    struct png_head head;
    int colors; /* entries of the palette; 0: no PLTE */
    uint8_t palette[768];
    int alphas; /* bytes of tRNS, for a palette; 0: none */
    uint8_t alpha[256];
    bool key; /* there is a tRNS, for gray and RGB */
    uint16_t key_color[3];
    uint16_t *samples; /* [height][width][channels as stored] */
    size_t idat_bytes; /* bytes of each IDAT; 0: one IDAT */
    int level;         /* zlib's level, 0..9; png_build_random sets 6 */
    int strategy;      /* Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED */
};

/* Makes a random picture. If `transparent`, it has a tRNS if the colour type may have one. */
void png_build_random(struct png_build *p, struct png_head head, bool transparent, uint64_t *seed);
void png_build_done(struct png_build *p);

/* Returns the pixels that a decoder must return, and their format. The caller frees them with
 * free(). */
uint8_t *png_build_expected(const struct png_build *p, struct image_format *f);

/* Appends the filtered scanlines, as they are before compression. */
void png_build_scanlines(const struct png_build *p, uint64_t *seed, struct bytes *out);

/* Appends `data` as a zlib stream. */
void png_build_zlib(const struct bytes *data, int level, int strategy, struct bytes *out);

/* Append the signature; one chunk; compressed `data` as one IDAT or several of at most `split`
 * bytes; the IHDR. */
void png_build_signature(struct bytes *out);
void png_build_chunk(struct bytes *out, const char *type, const void *data, size_t length);
void png_build_idat(struct bytes *out, const struct bytes *data, size_t split);
void png_build_ihdr(struct bytes *out, const struct png_head *head);

/* Appends a whole file. `first` (before PLTE), `second` (before IDAT) and `third` (after IDAT) are
 * raw chunks to insert there, or NULL. */
void png_build_file(const struct png_build *p, uint64_t *seed, const struct bytes *first,
                    const struct bytes *second, const struct bytes *third, struct bytes *out);

/* Corrects the check sums of all whole chunks. */
void png_build_mend(struct bytes *file);

#endif
