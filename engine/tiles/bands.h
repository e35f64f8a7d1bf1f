/* bands.h - cuts an output into bands of rows, which are made one after the other, and bands into
 * tiles, which threads share. Threads: pure functions. */
#ifndef UPSCALED_TILES_BANDS_H
#define UPSCALED_TILES_BANDS_H

#include "engine/nn/plan.h"

struct bands {
    struct pair tile; /* sides, in output pixels; the last of a row or column may be smaller */
    int rows;         /* of every band but the last */
};

struct bands_wish {
    struct pair out;  /* the output's sides */
    struct pair most; /* of a tile (tile_most) */
    int threads;
    int multiple;     /* the rows of a whole band are a multiple of it; 0 is 1 */
    struct pair tile; /* overrides the choice; 0 chooses, as for `rows` */
    int rows;
    int strips; /* for strips_choose: how many; 0 chooses; less than 0: none */
};

struct bands bands_choose(const struct bands_wish *wish);

/* Returns how many tiles cover `rows` rows of an output that is `width` wide. */
int bands_tiles(const struct bands *b, int width, int rows);

#endif
