/* nn_plan.h - for tests: a plan run over a picture in memory. */
#ifndef UPSCALED_TESTS_LIB_NN_PLAN_H
#define UPSCALED_TESTS_LIB_NN_PLAN_H

#include "engine/nn/plan.h"

/* A picture [y][x][channels] whose first sample has the position (y, x) = first. Asking for more
 * than there is aborts the test. */
struct test_picture {
    const float *samples;
    int width, height, channels;
    struct pair first;
};

/* What plan_run gives for `keep`, [y][x][channels] (mem_free). `padded` as plan_run's: the picture
 * is then all there is. Scratch starts as NaN. */
float *run_plan(const struct plan *p, const struct test_picture *picture, struct plan_rect keep,
                bool padded);

#endif
