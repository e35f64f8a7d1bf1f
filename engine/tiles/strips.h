/* strips.h - cuts pictures into columns that are as high as the output.
 *
 * Networks of many layers compute wide halos, which tiles repeat on all four sides. A strip repeats
 * them on two sides: its rows are made band by band, and what the next rows need is kept. Bands are
 * those of tiles (bands.h), with one tile for each strip. The memory belongs to the picture, not to
 * the workers.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_STRIPS_H
#define UPSCALED_TILES_STRIPS_H

#include "engine/tiles/bands.h"
#include "engine/tiles/tile_job.h"

struct strips {
    int count;            /* 0: tiles are better */
    size_t states;        /* runs over each strip: one, and another for alpha */
    size_t state_bytes;   /* of one state */
    size_t scratch_bytes; /* of a strip: its states, and the scratch of a tile */
};

/* Chooses between strips and the tiles of *bands, whichever takes less time, if the wish leaves the
 * choice. For strips it replaces *bands. ERR_MODEL_LIMIT. */
enum err_code strips_choose(const struct tile_job *job, const struct bands_wish *wish,
                            struct bands *bands, struct strips *out, struct err *e);

#endif
