/* plan_work.h - the multiply-adds of a plan, told before it runs.
 *
 * Multiply-adds count as those of a direct convolution with the true taps, however it is computed.
 * Those of a rectangle are a sum over the steps of the plan: what a step does at each position,
 * times its positions along y, times those along x. So a picture that is cut into a grid needs its
 * rows and its columns once each, and not every rectangle. Threads: one for each struct. */
#ifndef UPSCALED_NN_PLAN_WORK_H
#define UPSCALED_NN_PLAN_WORK_H

#include "engine/nn/plan.h"

struct plan_work;

/* On ERR_OK the caller owns *out; `p` is borrowed. ERR_MEMORY. */
enum err_code plan_work_new(const struct plan *p, struct plan_work **out, struct err *e);
void plan_work_free(struct plan_work *w); /* NULL is fine */

/* Adds the rectangles whose outputs along this axis are `want`, as plan_run takes them. */
void plan_work_add(struct plan_work *w, enum axis axis, const struct plan_picture *picture,
                   struct span want);

/* Returns the multiply-adds of all rectangles: each span along y with each span along x. Forgets
 * the spans. */
double plan_work_take(struct plan_work *w);

#endif
