/* layerwise.h - a network run layer by layer over one window of the picture: for models that cannot
 * be streamed, and the meaning that streams are held against.
 *
 * Every layer runs by its plain definition (layers.h). An output sample is computed by the same
 * operations in the same order whatever the window. Activations are [y][x][c] float32. Inside nn
 * only: plan.h is the interface. Threads: immutable once made. */
#ifndef UPSCALED_NN_LAYERWISE_H
#define UPSCALED_NN_LAYERWISE_H

#include "engine/nn/layers.h"
#include "engine/nn/plan_io.h"

struct layerwise;

/* One window of the picture, and what to make of it. in, out and the scratch do not overlap. */
struct layerwise_window {
    const float *in;         /* [height][width][channels], dense */
    int width, height;       /* multiples of geometry.align, at least geometry.least */
    struct plan_rect keep;   /* the part of the scaled window (its corner at (0, 0), scale * width
                              across) to write; the network produces output there */
    float *out;              /* [keep.height][keep.width][channels] */
    size_t out_stride;       /* floats from one of its rows to the next */
    struct profile *profile; /* counts the time of the layers, or NULL; that of an activation with
                                the convolution it is fused into */
    double *macs;            /* counts the multiply-adds, or NULL */
};

/* Prepares `m`, which is borrowed. On ERR_OK the caller owns *out. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code layerwise_new(const struct model *m, struct layerwise **out, struct err *e);
void layerwise_free(struct layerwise *p); /* NULL is fine */

/* Bytes of scratch (aligned to MEM_ALIGN) that layerwise_run needs for windows of up to width x
 * height. ERR_MODEL_LIMIT where that cannot be represented, ERR_MEMORY. */
enum err_code layerwise_scratch_bytes(const struct layerwise *p, int width, int height,
                                      size_t *bytes, struct err *e);

/* The positions, along one axis, at which each layer does geometry_macs multiply-adds, for a window
 * of `side` pixels. `extents` has room for a layer more than there are. */
void layerwise_lengths(const struct layerwise *p, enum axis axis, int side, struct extent *extents,
                       double *lengths);

/* Runs the network on one window; cannot fail, does not allocate. */
void layerwise_run(const struct layerwise *p, void *scratch, const struct layerwise_window *w);

#endif
