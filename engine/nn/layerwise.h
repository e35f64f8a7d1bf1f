/* layerwise.h - runs a network layer by layer over one window of the picture. Models that cannot be
 * streamed run in this way, and tests compare streams with it.
 *
 * Every layer runs by its plain definition (layers.h). An output sample is computed by the same
 * operations in the same order whatever the window. Activations are [y][x][c] float32. Only the
 * files of engine/nn use this header; plan.h is the interface.
 * Threads: a struct layerwise never changes once it is made. */
#ifndef UPSCALED_NN_LAYERWISE_H
#define UPSCALED_NN_LAYERWISE_H

#include "engine/nn/layers.h"
#include "engine/nn/plan_io.h"

struct layerwise;

/* One window of the picture, and the part of its output to compute. `in`, `out` and the scratch do
 * not overlap. */
struct layerwise_window {
    const float *in;           /* [height][width][channels], dense */
    int width, height;         /* multiples of geometry.align, at least geometry.least */
    struct plan_rect keep;     /* the part to write, in the scaled window, which has its corner at
                                (0, 0) and is scale * width wide; the network has output there */
    float *out;                /* [keep.height][keep.width][channels] */
    size_t out_stride;         /* floats from one of its rows to the next */
    struct profile *profile;   /* counts the time of the layers, or NULL; a fused activation counts
                                with its convolution */
    double *macs;              /* counts the multiply-adds, or NULL */
    const atomic_bool *cancel; /* if it becomes true, `out` is left as it is; or NULL */
};

/* Prepares `m`, which is borrowed. On ERR_OK the caller owns *out. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code layerwise_new(const struct model *m, struct layerwise **out, struct err *e);
void layerwise_free(struct layerwise *p); /* NULL is fine */

/* Finds the bytes of scratch (aligned to MEM_ALIGN) that layerwise_run needs for windows of up to
 * width x height. ERR_MODEL_LIMIT if the number cannot be represented, ERR_MEMORY. */
enum err_code layerwise_scratch_bytes(const struct layerwise *p, int width, int height,
                                      size_t *bytes, struct err *e);

/* Finds the positions along one axis at which each layer does geometry_macs multiply-adds, for a
 * window of `side` pixels. `extents` has room for one more than the number of layers. */
void layerwise_lengths(const struct layerwise *p, enum axis axis, int side, struct extent *extents,
                       double *lengths);

/* Runs the network on one window. Cannot fail, does not allocate. */
void layerwise_run(const struct layerwise *p, void *scratch, const struct layerwise_window *w);

#endif
