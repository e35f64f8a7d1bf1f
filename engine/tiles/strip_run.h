/* strip_run.h - the strips of one picture while they are computed.
 *
 * A piece is one round of a strip (plan.h). The threads of a pool take pieces in their order, so
 * several rounds of a strip follow each other through its layers. A piece may wait for those before
 * it; its worker serves no other request meanwhile.
 * Threads: pieces may run at the same time, on no more threads than strips_choose was told. */
#ifndef UPSCALED_TILES_STRIP_RUN_H
#define UPSCALED_TILES_STRIP_RUN_H

#include "engine/tiles/strips.h"
#include "engine/tiles/tile.h"

struct strip_run;

/* Prepares the strips of a picture. `job` is borrowed. On ERR_OK the caller owns *out.
 * ERR_MEMORY. */
enum err_code strip_run_new(const struct tile_job *job, const struct strips *strips,
                            struct strip_run **out, struct err *e);
void strip_run_free(struct strip_run *r); /* NULL is fine; no piece may run */

/* The rows of the output that are computed now, which follow those before. */
struct strip_band {
    struct span rows;
    uint8_t *pixels; /* the first row */
    size_t row_bytes;
};

/* Returns the number of pieces that make the band. */
int strip_run_pieces(const struct strip_run *r, const struct strip_band *band);

/* Computes piece i, and returns the multiply-adds that it did. */
double strip_run_piece(struct strip_run *r, const struct strip_band *band, int i);

#endif
