/* strips.h - divides the output into columns of full height.
 *
 * Networks of many layers compute wide halos, which tiles repeat on all four sides. A strip repeats
 * them on two sides only: its rows are computed band by band, and it keeps what the next rows need.
 * All threads can share one strip, which then has no halo at all: they compute rounds of a few rows
 * each (strip_run.h). The memory belongs to the picture, not to the workers.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_STRIPS_H
#define UPSCALED_TILES_STRIPS_H

#include "engine/tiles/bands.h"
#include "engine/tiles/tile_job.h"

struct strips {
    int count;            /* 0: tiles are better */
    int width;            /* output columns; the last strip may have fewer */
    int threads;          /* that run them */
    int depth;            /* rounds of a strip that run at a time, at most (plan.h) */
    size_t states;        /* states of each strip: one, and another if there is alpha */
    size_t state_bytes;   /* of one state */
    size_t scratch_bytes; /* of a thread */
};

/* Chooses between strips and the tiles of *bands, whichever takes less time, unless the wish
 * decides. If it chooses strips, it replaces *bands. ERR_MODEL_LIMIT. */
enum err_code strips_choose(const struct tile_job *job, const struct bands_wish *wish,
                            struct bands *bands, struct strips *out, struct err *e);

/* Returns the bytes that strip_run_new allocates, or SIZE_MAX. */
size_t strips_bytes(const struct strips *s);

#endif
