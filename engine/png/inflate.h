/* inflate.h - a zlib stream taken apart piece by piece, from input that comes in spans.
 *
 * RFC 1950 and 1951. This decoder exists for PNG's pixels: zlib is too slow, and libdeflate needs
 * the whole stream at once and accepts streams that zlib refuses (with 287 literal codes, for
 * example). A decoder that accepts more than libpng reads files that other programs cannot. So this
 * one is strict: it accepts a subset of what zlib accepts, without the rare cases (windows under
 * 32 KiB, incomplete codes, data behind the end). The caller gives refused streams to zlib.
 * Threads: a stream belongs to one thread at a time. */
#ifndef UPSCALED_PNG_INFLATE_H
#define UPSCALED_PNG_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/png/inflate_codes.h"

enum {
    INFLATE_WINDOW = 1 << 15, /* how far back a match can reach */
    INFLATE_OVER = 320,       /* how far past a limit a step may write */
};

enum inflate_result {
    INFLATE_MORE, /* the limit was reached */
    INFLATE_END,  /* the stream ended, well formed, with the end of its input */
    INFLATE_REFUSED,
};

/* The next span of input that is not empty; false at the end. */
typedef bool inflate_next(void *arg, const uint8_t **bytes, size_t *length);

struct inflate {
    inflate_next *next_span;
    void *arg;
    const uint8_t *in, *in_end;
    uint64_t bits; /* taken from the input, the next one lowest */
    unsigned count;
    enum { AT_HEAD, AT_BLOCK, IN_STORED, IN_CODES, AT_TAIL, AT_END, AT_NOTHING } place;
    bool last_block, fixed;
    size_t left;        /* of a stored block */
    size_t block_bytes; /* made by the block so far */
    uint32_t adler;     /* as the stream states it, at its end */
    uint32_t blocks;    /* begun so far: each costs time, even an empty one */
    struct inflate_codes codes;
};

void inflate_init(struct inflate *z, inflate_next *next_span, void *arg);

/* Writes to *out, which moves on, until it is at `limit` or beyond it (by at most INFLATE_OVER,
 * which must be writable), or until `blocks` blocks have begun. The output before, up to
 * INFLATE_WINDOW bytes of it, lies from `begin` on. The caller compares the check sum, z->adler.
 */
enum inflate_result inflate_run(struct inflate *z, const uint8_t *begin, uint8_t **out,
                                const uint8_t *limit, uint32_t blocks);

#endif
