/* inflate.h - a zlib stream taken apart piece by piece, from input that comes in spans.
 *
 * RFC 1950 and 1951. ISA-L decodes the blocks; zlib alone is too slow for PNG's pixels. A decoder
 * that accepts more than libpng reads files that other programs cannot, and ISA-L accepts codes
 * that zlib refuses (incomplete ones). So zlib reads the header of every block first, and ISA-L
 * decodes only what zlib has accepted. What is accepted is a subset of what zlib accepts, without
 * rare cases (windows under 32 KiB, data behind the end, empty blocks that are not stored). The
 * caller gives refused streams to libpng. Threads: a stream belongs to one thread at a time. */
#ifndef UPSCALED_PNG_INFLATE_H
#define UPSCALED_PNG_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INFLATE_WINDOW = 1 << 15 }; /* how far back a match can reach */

enum inflate_result {
    INFLATE_MORE, /* the limit was reached */
    INFLATE_END,  /* the stream ended, well formed, with the end of its input */
    INFLATE_REFUSED,
};

/* The next span of input that is not empty; false at the end. */
typedef bool inflate_next(void *arg, const uint8_t **bytes, size_t *length);

struct inflate;

/* The caller owns the stream (inflate_free). NULL if there is no memory. */
struct inflate *inflate_new(inflate_next *next_span, void *arg);
void inflate_free(struct inflate *z); /* NULL is fine */

/* The most memory that one takes. */
size_t inflate_bytes(void);

/* Writes to *out, which moves on, until it is at `limit`, or until `blocks` blocks have begun: each
 * costs time, even an empty one. The output before, up to INFLATE_WINDOW bytes of it, lies from
 * `begin` on. The caller compares the check sum. */
enum inflate_result inflate_run(struct inflate *z, const uint8_t *begin, uint8_t **out,
                                const uint8_t *limit, uint32_t blocks);

/* The check sum that the stream states, after INFLATE_END. */
uint32_t inflate_adler(const struct inflate *z);

#endif
