/* inflate_whole.h - for tests: inflates a whole zlib stream through inflate.h, and through zlib.
 * Both return memory that the caller frees with free(), or NULL if the stream is refused or has
 * more than `most` bytes. */
#ifndef UPSCALED_TESTS_LIB_INFLATE_WHOLE_H
#define UPSCALED_TESTS_LIB_INFLATE_WHOLE_H

#include <stddef.h>
#include <stdint.h>

#include "tests/lib/png_build.h"

struct inflate_cut {
    size_t span; /* bytes of input at a time; 0: random */
    size_t step; /* bytes of output at a time */
};

/* Inflates to memory that ends before an inaccessible page, because ISA-L is assembler, and no
 * sanitizer sees its writes. */
uint8_t *inflate_whole(const struct bytes *z, const struct inflate_cut *cut, size_t most,
                       size_t *length);

uint8_t *inflate_by_zlib(const struct bytes *z, size_t most, size_t *length);

#endif
