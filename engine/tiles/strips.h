/* strips.h - pictures cut into columns that are as high as the output.
 *
 * Networks of many layers compute wide halos, which tiles repeat on all four sides. A strip repeats
 * them on two: its rows are made band by band, and what the rows below need stays. Bands are those
 * of tiles (bands.h) with one tile a strip. The memory is the picture's own, not the workers'.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_STRIPS_H
#define UPSCALED_TILES_STRIPS_H

#include "engine/tiles/bands.h"
#include "engine/tiles/tile_job.h"

struct strips {
    int count;            /* 0: tiles are better */
    size_t states;        /* networks that run over each strip: one, or another for alpha */
    size_t state_bytes;   /* of one */
    size_t scratch_bytes; /* of a strip: its states, and what a tile needs beside */
};

/* Chooses between strips and the tiles of *bands, whichever takes less time, if the wish leaves the
 * choice. For strips it replaces *bands. ERR_MODEL_LIMIT. */
enum err_code strips_choose(const struct tile_job *job, const struct bands_wish *wish,
                            struct bands *bands, struct strips *out, struct err *e);

#endif
