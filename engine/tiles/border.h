/* border.h - extends a picture beyond its edge, one axis at a time. Threads: pure functions. */
#ifndef UPSCALED_TILES_BORDER_H
#define UPSCALED_TILES_BORDER_H

#include <limits.h>

#include "engine/nn/model.h"
#include "engine/nn/plan_io.h"

enum { BORDER_NOTHING = INT_MIN }; /* not a position in any picture */

/* Returns the pixel of a side of `n` pixels that stands for position `i`, or BORDER_NOTHING if
 * `border` is zero and `i` lies outside. Reflection does not repeat the edge (as PyTorch's
 * `reflect`) and continues as a zigzag at any distance. BORDER_MODEL replicates, because pixels
 * beyond the edge only fill a window up to the model's alignment. */
int border_map(enum model_border border, int i, int n);

/* Returns the pixels that stand for the positions of `s`, of which at least one lies inside the
 * side. */
struct span border_hull(enum model_border border, int n, struct span s);

#endif
