/* tile.h - one rectangle of the output, from stored samples to stored samples.
 *
 * A tile asks backwards what it needs (window.h), then computes forwards. Nothing outside those
 * windows is looked at, so a tile is independent of its neighbours, and a pixel comes out the same
 * in whichever tile it lies.
 * Threads: a job is immutable while tiles run; each brings its own scratch. */
#ifndef UPSCALED_TILES_TILE_H
#define UPSCALED_TILES_TILE_H

#include <stdbool.h>

#include "engine/image/image.h"
#include "engine/image/resample.h"
#include "engine/nn/plan.h"

struct tile_job {
    const struct plan *plan;
    enum model_border border;
    const struct image *img;
    struct image_format out;
    int stages;           /* how often the network is repeated, 1..WINDOW_MAX_STAGES */
    bool alpha;           /* alpha goes through the network; else it is opaque, or there is none */
    size_t scratch_bytes; /* what each worker brings; checked */
    struct profile *profile;                     /* counts the network's time, or NULL */
    const struct resample_axis *down_x, *down_y; /* last network's size to out's; NULL if equal */
    const struct resample_axis *chroma_x, *chroma_y; /* img's size to out's; NULL without chroma */
};

/* Whether pictures of this format have chroma beside what this model sees. */
bool tile_has_chroma(const struct model *m, const struct image_format *f);

/* The most output pixels of a tile each way, where the last network makes `full` pixels of sides
 * that are `out` in the end. Such tiles keep activations near what a core's cache holds, and
 * themselves within tile_scratch_bytes. */
struct pair tile_most(const struct plan *p, struct pair full, struct pair out);

/* Scratch for any tile within tile_most, for any picture, factors and border. */
enum err_code tile_scratch_bytes(const struct plan *p, size_t *bytes, struct err *e);

/* Scratch for the one tile that covers all of a picture: for models whose `whole` is set. */
enum err_code tile_whole_scratch_bytes(const struct tile_job *job, size_t *bytes, struct err *e);

/* Computes `area` of the output into `pixels` (the area's first sample), rows `row_bytes` apart.
 * Cannot fail, does not allocate. */
void tile_run(const struct tile_job *job, struct resample_area area, uint8_t *pixels,
              size_t row_bytes, void *scratch);

#endif
