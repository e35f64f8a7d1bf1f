/* layerwise.h - a network run layer by layer over one window of the picture: for models that cannot
 * be streamed, and the meaning that streams are held against.
 *
 * Every layer runs by its plain definition (layers.h). An output sample is computed by the same
 * operations in the same order whatever the window. Activations are [y][x][c] float32. Inside nn
 * only: plan.h is the interface. Threads: immutable once made. */
#ifndef UPSCALED_NN_LAYERWISE_H
#define UPSCALED_NN_LAYERWISE_H

#include "engine/nn/model.h"
#include "engine/nn/profile.h"

struct layerwise;

struct layerwise_rect {
    int x, y, width, height;
};

/* Prepares `m`, which is borrowed. On ERR_OK the caller owns *out. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code layerwise_new(const struct model *m, struct layerwise **out, struct err *e);
void layerwise_free(struct layerwise *p); /* NULL is fine */

/* Bytes of scratch (aligned to MEM_ALIGN) that layerwise_run needs for windows of up to width x
 * height. ERR_MODEL_LIMIT where that cannot be represented, ERR_MEMORY. */
enum err_code layerwise_scratch_bytes(const struct layerwise *p, int width, int height,
                                      size_t *bytes, struct err *e);

/* Runs the network on one window; cannot fail, does not allocate.
 *   in    [height][width][channels], dense; both sides multiples of geometry.align, >= .least
 *   keep  the part of the scaled window (its corner at (0, 0), scale * width across) to write; it
 *         must lie where the network produces output
 *   out   [keep.height][keep.width][channels], rows `out_stride` floats apart
 * in, out and scratch must not overlap. `profile`, or NULL, counts the time of the layers; that of
 * an activation with the convolution it is fused into. */
void layerwise_run(const struct layerwise *p, void *restrict scratch, const float *restrict in,
                   int width, int height, struct layerwise_rect keep, float *restrict out,
                   size_t out_stride, struct profile *profile);

#endif
