/* strips.h - divides the output into columns of full height.
 *
 * Networks of many layers compute wide halos, which tiles repeat on all four sides. A strip repeats
 * them on two sides only: its rows are computed band by band, and it keeps what the next rows need.
 * Bands are the same as for tiles (bands.h), with one tile in each strip. The memory belongs to the
 * picture, not to the workers.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_STRIPS_H
#define UPSCALED_TILES_STRIPS_H

#include "engine/tiles/bands.h"
#include "engine/tiles/tile_job.h"

struct strips {
    int count;            /* 0: tiles are better */
    size_t states;        /* states of each strip: one, and another if there is alpha */
    size_t state_bytes;   /* bytes of one state */
    size_t scratch_bytes; /* bytes of a strip: its states, and the scratch of a tile */
};

/* Chooses between strips and the tiles of *bands, whichever takes less time, unless the wish
 * decides. If it chooses strips, it replaces *bands. ERR_MODEL_LIMIT. */
enum err_code strips_choose(const struct tile_job *job, const struct bands_wish *wish,
                            struct bands *bands, struct strips *out, struct err *e);

#endif
