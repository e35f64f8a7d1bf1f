/* stream_area.h - an area of the output that is being computed: its rings of rows, and the rows of
 * each tensor that are made. Only the files of engine/nn use this header. */
#ifndef UPSCALED_NN_STREAM_AREA_H
#define UPSCALED_NN_STREAM_AREA_H

#include "engine/nn/stream.h"
#include "engine/nn/stream_wave.h"

/* The rows of a tensor that exist, from `held` to `taken` - 1. Row `first` has place 0, and places
 * repeat. */
struct stream_ring {
    int places;
    float *base;   /* planes: [place][plane][row] */
    size_t row;    /* planes: floats */
    float **slots; /* blocks: [place][block], each a row from the tensor's pool, or NULL */
    int held, taken;
};

/* Memory for rows of blocks that nobody has. What came back last is taken first, because it is
 * still in the cache: that of the thread that gave it back. So rounds that run at a time have one
 * of each pool, and take from others only what they lack. */
struct stream_spare {
    float **rows;
    int count;
};

/* An area of the output being computed. If several rounds run at a time, each has a copy. The
 * copies share what is marked with [s]. The wave protects `made`, the rings and the spares. A step
 * needs no lock for the rows that it reads and makes: they are there when stream_wave_await lets it
 * begin. */
struct stream_area {
    const struct stream *s;
    const struct pair *sides; /* of the picture, if the network pads at its edges */
    const struct plan_io *io;
    struct stream_wave *wave;    /* NULL if one round runs */
    struct span *x;              /* [s] of each tensor: columns */
    struct span *y;              /* rows up to which the round goes */
    int *first, *made, *last;    /* [s] rows: the first one, the next to be made, the end */
    struct stream_ring *rings;   /* [s] */
    struct stream_spare *spares; /* [s] [depth][pools] */
    int depth, hand;             /* how many rounds run at a time, and which of them this is */
    const float **in, **add;     /* arguments for kernels */
    float **out;
    float *scratch; /* for the transforms of kernels */
    float *line;    /* a row of the widest tensor, as a plane */
    size_t bytes;   /* of the block that rounds share */
};

/* Returns sample x of row y of a block or plane. The row must exist. */
float *stream_row(const struct stream_area *a, int tensor, int block, int y, int x);

/* Takes memory for the rows below `end`. */
void stream_area_take(struct stream_area *a, int tensor, int end);

/* Gives back the memory of the rows that no step will read. */
void stream_area_drop(struct stream_area *a, int tensor);

/* Returns the part of `want` that stream_within finds if the picture has edges; otherwise
 * `want`. */
struct span stream_area_within(const struct stream_area *a, const struct stream_step *t,
                               enum axis axis, struct span want);

/* Returns the samples that a tensor has of the picture, if the edges of the picture count. */
struct span stream_area_domain(const struct stream_area *a, int tensor, enum axis axis);

/* Finds the bytes of what `depth` rounds share, for areas of `width` output columns.
 * ERR_MODEL_LIMIT. */
enum err_code stream_area_bytes(const struct stream *s, int width, int depth, size_t *bytes,
                                struct err *e);

/* Divides a block of stream_area_bytes for the columns of `keep`, and sets all tensors to their
 * first rows. Returns what stream_begin returns. a->s, sides and depth must be set. */
int stream_area_lay_out(struct stream_area *a, void *block, struct plan_rect keep);

/* Divides a block of stream_round_bytes for the rounds of an area that is laid out. */
void stream_area_own(struct stream_area *a, void *block);

#endif
