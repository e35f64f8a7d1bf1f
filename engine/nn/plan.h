/* plan.h - a model made ready to run: weights packed, every buffer's place known.
 *
 * A plan runs the whole network over one window of the picture at a time, so that memory grows with
 * the window and not with the picture. An output pixel is computed by the same operations in the
 * same order whatever the window, so results do not depend on how a picture is cut.
 * Activations are [y][x][c] float32. Threads: a plan is immutable and shared; each thread brings
 * its own scratch. */
#ifndef UPSCALED_NN_PLAN_H
#define UPSCALED_NN_PLAN_H

#include "engine/nn/model.h"

struct plan;

struct plan_rect {
    int x, y, width, height;
};

/* Prepares `m`, which is borrowed and must outlive the plan. On ERR_OK the caller owns *out. */
enum err_code plan_new(const struct model *m, struct plan **out, struct err *e);
void plan_free(struct plan *p); /* NULL is fine */

const struct model *plan_model(const struct plan *p);

/* Bytes of scratch (aligned to MEM_ALIGN) that plan_run needs for windows of up to width x height.
 * ERR_MODEL_LIMIT where that cannot be represented. */
enum err_code plan_scratch_bytes(const struct plan *p, int width, int height, size_t *bytes,
                                 struct err *e);

/* Runs the network on one window; cannot fail, does not allocate.
 *   in    [height][width][channels], dense; both sides multiples of geometry.align, >= .least
 *   keep  the part of the scaled window (its corner at (0, 0), scale * width across) to write; it
 *         must lie where the network produces output
 *   out   [keep.height][keep.width][channels], rows `out_stride` floats apart
 * in, out and scratch must not overlap. */
void plan_run(const struct plan *p, void *restrict scratch, const float *restrict in, int width,
              int height, struct plan_rect keep, float *restrict out, size_t out_stride);

#endif
