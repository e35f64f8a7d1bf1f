/* inflate_symbols.h - what a block of codes says: literals and matches. For inflate.c.
 *
 * Two loops for the same thing: a fast one while the input's span and the room for output are far
 * from their ends, and one symbol at a time near them. Both write at *out and move it; all earlier
 * output lies from `begin` on. At the block's end they set z->place. They return false for symbols
 * that do not exist. Threads: as inflate.h. */
#ifndef UPSCALED_PNG_INFLATE_SYMBOLS_H
#define UPSCALED_PNG_INFLATE_SYMBOLS_H

#include "engine/png/inflate.h"

enum { INFLATE_FAST_INPUT = 32 }; /* bytes of the span that the fast loop may load from */

/* Decodes one symbol, with the bits that there are. */
bool inflate_one_symbol(struct inflate *z, const uint8_t *begin, uint8_t **out);

/* Decodes symbols while there are input and room. The room ends at `limit`, which is passed by at
 * most INFLATE_OVER. The span must have INFLATE_FAST_INPUT bytes left. */
bool inflate_many_symbols(struct inflate *z, const uint8_t *begin, uint8_t **to,
                          const uint8_t *limit);

#endif
