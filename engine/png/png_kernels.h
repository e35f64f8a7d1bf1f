/* png_kernels.h - the inner loops of the encoder, compiled once for each vector unit.
 *
 * The sets have the same sources (png_kernels_filter.c, _match.c, _chain.c, _code.c) and different
 * compiler flags, so they agree to the byte. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_KERNELS_H
#define UPSCALED_PNG_PNG_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "engine/png/deflate_block.h"
#include "engine/png/png_filter.h"

/* The most matches that `runs` can find. It looks for runs of 32 bytes and more. */
#define PNG_KERNELS_RUNS(count) ((count) / 32 + 1)

struct png_kernels {
    const char *name; /* as in VECTOR_UNITS */

    /* Filters one row into out[0..r->count]: the number of the filter, and then the residues. */
    void (*filter)(enum png_filter filter, const struct png_filter_row *r, uint8_t *restrict out);

    /* Finds long runs of one byte, as matches of distance 1. Returns their number, at most
     * PNG_KERNELS_RUNS(count). */
    size_t (*runs)(const uint8_t *bytes, size_t count, struct deflate_match *matches);

    /* Finds the matches of the next block and moves s->at to the end of the block, which is
     * s->count for the last one. Returns the number of matches, at most DEFLATE_MATCHES. */
    size_t (*match)(struct deflate_search *s, struct deflate_match *matches);

    /* Does the same by chains, which takes twice the time and finds more. It takes no match that is
     * shorter than s->least. */
    size_t (*chain)(struct deflate_search *s, struct deflate_match *matches);

    /* Adds the sequence's symbols to `t`. */
    void (*tally)(const struct deflate_sequence *s, struct deflate_tally *t);

    /* Writes the sequence with the codes of `c`. */
    void (*send)(const struct deflate_sequence *s, const struct deflate_table *c,
                 struct deflate_bits *b);
};

/* Returns the set of the vector unit in use (engine/base/vector_unit.h). */
const struct png_kernels *png_kernels_used(void);

/* Returns the k-th set that this CPU has, the best first; NULL after the last. */
const struct png_kernels *png_kernels_at(int k);

#endif
