/* bands.h - divides an output into bands of rows, which are computed one after another, and each
 * band into tiles, which the threads compute at the same time. Threads: pure functions. */
#ifndef UPSCALED_TILES_BANDS_H
#define UPSCALED_TILES_BANDS_H

#include "engine/nn/plan.h"

struct bands {
    struct pair tile; /* sides, in output pixels; the last of a row or column may be smaller */
    int rows;         /* rows of every band but the last */
};

struct bands_wish {
    struct pair out;  /* the output's sides */
    struct pair most; /* the largest sides of a tile (tile_most) */
    int threads;
    int multiple;     /* the rows of a band are a multiple of it, except in the last; 0 is 1 */
    struct pair tile; /* sides of a tile; 0 chooses */
    int rows;         /* rows of a band; 0 chooses */
    int strips;       /* for strips_choose: how many; 0 chooses; negative: none */
};

/* Chooses tiles that are as large as allowed, but enough of them in a band for all threads. */
struct bands bands_choose(const struct bands_wish *wish);

/* Returns how many tiles cover `rows` rows of an output that is `width` wide. */
int bands_tiles(const struct bands *b, int width, int rows);

#endif
