/* tile_layout.h - divides the scratch of a tile into its buffers, and bounds the size of tiles.
 * Threads: pure functions. */
#ifndef UPSCALED_TILES_TILE_LAYOUT_H
#define UPSCALED_TILES_TILE_LAYOUT_H

#include "engine/tiles/tile_job.h"

enum { TILE_PLANES = 3, TILE_CHUNK_ROWS = 16 /* rows that are stored together */ };

/* The sides of the planes of a tile. For measuring they are the largest possible ones. */
struct tile_sides {
    int stage_width, stage_height; /* outputs of networks but the last, or what is downscaled */
    int out_width, out_rows;       /* samples that are stored together */
    int near_width, near_height;   /* pixels of the picture from which the chroma is made */
};

/* The places of all buffers. Planes are [y][x]. */
struct tile_layout {
    float *stage[2];         /* [channel] planes: outputs of the networks, alternating */
    float *got;              /* the plane to downscale, extended beyond the edges */
    float *near[2];          /* Cb and Cr of the picture */
    float *spare;            /* one row of them */
    float *out[TILE_PLANES]; /* the result */
    float *passes;           /* for resample_run */
    void *plan;
    size_t bytes; /* of all buffers; SIZE_MAX if the sum overflows */
};

/* Divides the scratch at `base`. If `base` is NULL, it only counts. */
struct tile_layout tile_lay_out(const struct tile_job *job, const struct tile_sides *sides,
                                size_t plan_bytes, void *base);

/* Finds the bytes of scratch for these sides and for plans that run over areas with sides of up to
 * `most`. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code tile_measure(const struct tile_job *job, const struct tile_sides *sides,
                           struct pair most, size_t *bytes, struct err *e);

/* Returns the largest sides of a tile in output pixels. The last network makes `full` pixels of
 * each side, which become `out` output pixels. In such tiles the activations nearly fit the cache
 * of a core, and the tiles need no more than tile_scratch_bytes. */
struct pair tile_most(const struct chain *c, struct pair full, struct pair out);

/* Computes the scratch for any tile within tile_most, for any picture, output and border.
 * ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code tile_scratch_bytes(const struct chain *c, size_t *bytes, struct err *e);

/* Returns the sides of the tiles of a strip of `width` output columns. */
struct tile_sides tile_strip_sides(const struct tile_job *job, int width);

/* Computes the scratch for such a tile, without that of its network. ERR_MODEL_LIMIT. */
enum err_code tile_strip_bytes(const struct tile_job *job, int width, size_t *bytes, struct err *e);

/* Computes the scratch for the one tile that covers all of a picture, for models whose `whole` is
 * set. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code tile_whole_scratch_bytes(const struct tile_job *job, size_t *bytes, struct err *e);

#endif
