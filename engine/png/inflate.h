/* inflate.h - inflates a zlib stream piece by piece, from input that comes in spans.
 *
 * RFC 1950 and 1951. ISA-L decodes the blocks, because zlib is too slow for the pixels of PNG. But
 * ISA-L accepts codes that zlib refuses (incomplete ones), and a decoder that accepts more than
 * libpng reads files that other programs cannot read. So zlib reads the header of every block
 * first, and ISA-L decodes only blocks that zlib has accepted. The accepted streams are a subset of
 * those that zlib accepts. It lacks rare cases: windows under 32 KiB, data after the end, empty
 * blocks that are not stored. The caller gives refused streams to libpng.
 *
 * Threads: a stream belongs to one thread at a time. */
#ifndef UPSCALED_PNG_INFLATE_H
#define UPSCALED_PNG_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INFLATE_WINDOW = 1 << 15 }; /* the largest distance of a match */

enum inflate_result {
    INFLATE_MORE, /* the limit was reached */
    INFLATE_END,  /* the stream is well formed and ended with its input */
    INFLATE_REFUSED,
};

/* Finds the next span of input that is not empty. Returns false at the end. */
typedef bool inflate_next(void *arg, const uint8_t **bytes, size_t *length);

struct inflate;

/* Returns a stream, which the caller owns (inflate_free), or NULL if there is not enough memory. */
struct inflate *inflate_new(inflate_next *next_span, void *arg);
void inflate_free(struct inflate *z); /* NULL is fine */

/* Returns the most memory that a stream takes. */
size_t inflate_bytes(void);

/* Writes to *out and moves it, until it is at `limit`, or until `blocks` blocks have begun, because
 * each block costs time, even an empty one. The output before, up to INFLATE_WINDOW bytes, lies
 * from `begin` on. The caller compares the check sum. */
enum inflate_result inflate_run(struct inflate *z, const uint8_t *begin, uint8_t **out,
                                const uint8_t *limit, uint32_t blocks);

/* Returns the check sum that the stream states. Valid after INFLATE_END. */
uint32_t inflate_adler(const struct inflate *z);

#endif
