/* stream_area.h - an area of the output that is being computed: its rings of rows, and the rows of
 * each tensor that are made. Only the files of engine/nn use this header. */
#ifndef UPSCALED_NN_STREAM_AREA_H
#define UPSCALED_NN_STREAM_AREA_H

#include "engine/nn/stream.h"

/* The rows of a tensor that exist, from `held` to `taken` - 1. Row `first` has place 0, and places
 * repeat after t->ring rows. */
struct stream_ring {
    float *base;   /* planes: [place][plane][row] */
    size_t row;    /* planes: floats */
    float **slots; /* blocks: [place][block], each a row from the tensor's pool */
    int held, taken;
};

/* Memory for rows of blocks that nobody has. What came back last is taken first. */
struct stream_spare {
    float **rows;
    int count;
};

/* An area of the output being computed; all arrays lie in its scratch. */
struct stream_area {
    const struct stream *s;
    const struct pair *sides; /* of the picture, if the network pads at its edges */
    const struct plan_io *io;
    struct span *x, *y;       /* of each tensor: columns; rows up to which a round goes */
    int *first, *made, *last; /* rows: the first one, the next to be made, the end */
    struct stream_ring *rings;
    struct stream_spare *spares; /* of each pool */
    const float **in, **add;     /* arguments for kernels */
    float **out;
    float *scratch; /* for the transforms of kernels */
    float *line;    /* a row of the widest tensor, as a plane */
};

/* A strip: an area whose rows are made in several calls. */
struct stream_strip {
    struct stream_area area;
    struct plan_rect keep;
    struct pair sides; /* area.sides points to it */
    int to;            /* the output row up to which the rounds so far make it */
    int stored;        /* the next row to store */
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

/* Divides the scratch for the columns of `keep`, and sets all tensors to their first rows. Returns
 * what stream_begin returns. a->s must be set. */
int stream_area_lay_out(struct stream_area *a, void *scratch, struct plan_rect keep);

#endif
