/* nn_plan.h - for tests: runs a plan over a picture in memory. */
#ifndef UPSCALED_TESTS_LIB_NN_PLAN_H
#define UPSCALED_TESTS_LIB_NN_PLAN_H

#include "engine/nn/plan.h"

/* A picture [y][x][channels] whose first sample has the position (y, x) = first. If the plan asks
 * for more pixels, the test fails. */
struct test_picture {
    const float *samples;
    int width, height, channels;
    struct pair first;
};

/* Returns the output of plan_run for `keep`, [y][x][channels], which the caller frees with
 * mem_free. If `padded`, the plan pads at the edges of the picture, as in plan_run. The scratch is
 * filled with NaN first. */
float *run_plan(const struct plan *p, const struct test_picture *picture, struct plan_rect keep,
                bool padded);

#endif
