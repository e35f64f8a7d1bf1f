/* stream_args.h - what the kernels of one step read and write, as pointers to the rows of an area.
 * Only the files of engine/nn use this header. */
#ifndef UPSCALED_NN_STREAM_ARGS_H
#define UPSCALED_NN_STREAM_ARGS_H

#include "engine/nn/stream_area.h"

static inline const struct stream_tensor *stream_tensor_of(const struct stream_area *a, int tensor)
{
    return &a->s->tensors[tensor];
}

/* Returns the columns of its output that the step makes. */
struct span stream_out_columns(const struct stream_area *a, const struct stream_step *t);

/* Returns the columns of phases that make them. */
struct span stream_columns(const struct stream_area *a, const struct stream_step *t);

/* The number of rows of taps at which stream_point_in points, and the distances between pointers:
 * from row to row, and from one block or plane of a row to the next. */
struct stream_pointers {
    int rows, next_row, next_block;
};

/* Sets a->in to the first tap for the row and column of phases at (y, x). */
void stream_point_in(const struct stream_area *a, const struct stream_step *t, int y, int x,
                     struct stream_pointers how);

/* Returns the row of the added tensor that belongs to sample (y, x) of the output, or NULL. */
const float *stream_added(const struct stream_area *a, const struct stream_step *t, int block,
                          int y, int x);

/* Returns what the kernel does before a store. `slope` is borrowed. */
struct kernel_store stream_store_of(const struct stream_step *t, const float *slope);

#endif
