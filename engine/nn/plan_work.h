/* plan_work.h - computes the multiply-adds of a plan before it runs.
 *
 * The multiply-adds are those of a direct convolution with its real taps, however it is computed.
 * For a rectangle they are a sum over the steps of the plan: the work of a step at each position,
 * times its positions along y, times its positions along x. So for a picture that is cut into a
 * grid, each row and each column of the grid is needed once, and not every rectangle.
 * Threads: each thread uses a struct of its own. */
#ifndef UPSCALED_NN_PLAN_WORK_H
#define UPSCALED_NN_PLAN_WORK_H

#include "engine/nn/plan.h"

struct plan_work;

/* On ERR_OK the caller owns *out; `p` is borrowed. ERR_MEMORY. */
enum err_code plan_work_new(const struct plan *p, struct plan_work **out, struct err *e);
void plan_work_free(struct plan_work *w); /* NULL is fine */

/* Adds the rectangles whose outputs along this axis are `want`, as plan_run computes them. */
void plan_work_add(struct plan_work *w, enum axis axis, const struct plan_picture *picture,
                   struct span want);

/* Returns the multiply-adds of all rectangles, which are each span along y with each span along x.
 * Forgets the spans. */
double plan_work_take(struct plan_work *w);

#endif
