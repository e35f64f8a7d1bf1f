/* stream_area.h - an area of the output under way: its rings of rows, and what it has made of each
 * tensor. Inside nn only. */
#ifndef UPSCALED_NN_STREAM_AREA_H
#define UPSCALED_NN_STREAM_AREA_H

#include "engine/nn/stream.h"

struct stream_ring {
    float *base; /* [ring][blocks or planes][row] */
    size_t row;  /* floats */
};

/* An area of the output being computed; all arrays lie in its scratch. */
struct stream_area {
    const struct stream *s;
    const struct pair *sides; /* of the picture, where the network's padding meets its edges */
    const struct plan_io *io;
    struct span *x, *y;       /* of each tensor: columns; rows that this round makes up to */
    int *first, *made, *last; /* rows: first of all, next to be made, end */
    struct stream_ring *rings;
    const float **in, **add; /* arguments for kernels */
    float **out;
    float *winograd;
    float *line; /* a row of the widest tensor, as a plane */
};

/* A strip: an area whose rows are made in several calls. */
struct stream_strip {
    struct stream_area area;
    struct plan_rect keep;
    struct pair sides; /* what area.sides points at */
    int to;            /* the rounds so far make the output up to here */
    int stored;        /* the next row to store */
};

/* Sample x of row y of a block or plane; the row is in the ring. */
float *stream_row(const struct stream_area *a, int tensor, int block, int y, int x);

/* Blocks of channels that a tensor has, or planes. */
int stream_blocks(const struct stream_tensor *t);

/* The part of `want` that stream_within names, where the picture has edges; else all of it. */
struct span stream_area_within(const struct stream_area *a, const struct stream_step *t,
                               enum axis axis, struct span want);

/* The samples that a tensor has of the picture, where its edges count. */
struct span stream_area_domain(const struct stream_area *a, int tensor, enum axis axis);

/* Divides the scratch for the columns of `keep` and sets all tensors to their first rows; returns
 * what stream_begin does. a->s is set. */
int stream_area_lay_out(struct stream_area *a, void *scratch, struct plan_rect keep);

#endif
