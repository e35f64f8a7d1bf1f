/* tile_layout.h - divides the scratch of a tile, and bounds the size of tiles. For tile.c.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_TILE_LAYOUT_H
#define UPSCALED_TILES_TILE_LAYOUT_H

#include "engine/tiles/tile_job.h"

enum { TILE_PLANES = 3, TILE_CHUNK_ROWS = 16 /* that are stored together */ };

/* The sides of the planes of a tile. For measuring they are the largest possible ones. */
struct tile_sides {
    int stage_width, stage_height; /* output of networks but the last, or what is downscaled */
    int out_width, out_rows;       /* of the samples that are stored together */
    int near_width, near_height;   /* of the picture's pixels that their chroma is made from */
};

/* The places of all buffers. Planes are [y][x]. */
struct tile_layout {
    float *stage[2];         /* [channel] planes: outputs of the networks, alternating */
    float *got;              /* the plane to downscale, extended beyond the edges */
    float *near[2];          /* Cb and Cr of the picture */
    float *spare;            /* a row of those */
    float *out[TILE_PLANES]; /* the result */
    float *passes;           /* for resample_run */
    void *plan;
    size_t bytes; /* of all that, SIZE_MAX when it cannot be counted */
};

/* Divides the scratch at `base`. If `base` is NULL, it only counts. */
struct tile_layout tile_lay_out(const struct tile_job *job, const struct tile_sides *sides,
                                size_t plan_bytes, void *base);

/* Finds the bytes of scratch for these sides and a plan that runs over areas of up to the sides
 * `most`. ERR_MODEL_LIMIT. */
enum err_code tile_measure(const struct tile_job *job, const struct tile_sides *sides,
                           struct pair most, size_t *bytes, struct err *e);

/* Returns the largest sides of a tile in output pixels. The last network makes `full` pixels of
 * each side, which become `out` output pixels. In such tiles the activations nearly fit the cache
 * of a core, and the tiles need no more than tile_scratch_bytes. */
struct pair tile_most(const struct chain *c, struct pair full, struct pair out);

/* Scratch for any tile within tile_most, for any picture, output and border. */
enum err_code tile_scratch_bytes(const struct chain *c, size_t *bytes, struct err *e);

/* Scratch for the tiles of a strip of `width` output columns, beside its states (strips.h).
 * ERR_MODEL_LIMIT. */
enum err_code tile_strip_bytes(const struct tile_job *job, int width, size_t *bytes, struct err *e);

/* Scratch for the one tile that covers all of a picture: for models whose `whole` is set. */
enum err_code tile_whole_scratch_bytes(const struct tile_job *job, size_t *bytes, struct err *e);

#endif
