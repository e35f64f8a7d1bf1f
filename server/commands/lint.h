/* lint.h - measures the output of a network for pictures on which faults show.
 *
 * The pictures are computed and run through a plan with the model's own border: one for each gray,
 * gentle slopes, ramps from black to white, and noise. All figures are in 8-bit levels of the
 * network's output before it is clipped and rounded. Threads: pure functions. */
#ifndef UPSCALED_SERVER_COMMANDS_LINT_H
#define UPSCALED_SERVER_COMMANDS_LINT_H

#include <stdbool.h>
#include <stdio.h>

#include "engine/nn/plan.h"

struct lint {
    bool skipped;          /* no picture was tried: one alone would take a minute */
    bool small;            /* constant pictures were smaller than the network's reach */
    int grays;             /* constant pictures tried: 256; 16 or 4 for a slow network */
    int grays_changed;     /* those whose gray was not the same everywhere, after rounding */
    double gray_error;     /* the largest difference from the gray of the input */
    double checker_flat;   /* the largest mean deviation of a sub-pixel position from its */
    double checker_shaded; /* surroundings: in constant pictures, and on slopes */
    double ramp_fall;      /* the largest step down where the picture rises steadily */
    bool finite;           /* neither NaN nor infinity anywhere */
};

/* Runs `p` over the pictures. ERR_MODEL_LIMIT, ERR_MEMORY. */
enum err_code lint_run(const struct plan *p, struct lint *out, struct err *e);

/* Prints the figures, and a line that begins with "  warning: " for each figure that is too large.
 * Returns the number of warnings. */
int lint_print(const struct lint *l, FILE *to);

#endif
