/* lint_picture.h - for lint.c: runs a computed picture through a plan and measures the output.
 *
 * Pictures are planes [channel][y][x] of the network's floats. */
#ifndef UPSCALED_SERVER_COMMANDS_LINT_PICTURE_H
#define UPSCALED_SERVER_COMMANDS_LINT_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/nn/plan.h"

struct lint_picture {
    float *samples; /* [channels][height][width] */
    int channels, width, height;
};

/* A picture that is computed: all of its channels are value(arg, x, y). */
struct lint_input {
    int width, height; /* multiples of the model's align */
    float (*value)(const void *arg, int x, int y);
    const void *arg;
};

/* Runs `p` over the picture, with the model's border around it. On ERR_OK lint_picture_done(out).
 * ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code lint_picture_run(const struct plan *p, const struct lint_input *in,
                               struct lint_picture *out, struct err *e);
void lint_picture_done(struct lint_picture *p);

size_t lint_samples(const struct lint_picture *p);
bool lint_finite(const struct lint_picture *p);

/* Returns how far the sub-pixel positions of a network of that scale differ, in levels. The mean of
 * the scale x scale samples around it is subtracted from each sample; the result is 0 on any plane.
 * These results are averaged by position over blocks of `block` x `block` samples, and the largest
 * average counts. Leaves out `margin` input pixels at each side if there is room. */
double lint_checker(const struct lint_picture *p, int scale, int block, int margin);

/* Returns the largest step down, in levels, from a sample to the next along y (`down`) or x. */
double lint_fall(const struct lint_picture *p, bool down);

#endif
