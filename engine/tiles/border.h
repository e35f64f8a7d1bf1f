/* border.h - what lies beyond a picture's edge, one axis at a time. Threads: pure functions. */
#ifndef UPSCALED_TILES_BORDER_H
#define UPSCALED_TILES_BORDER_H

#include <limits.h>

#include "engine/nn/model.h"
#include "engine/nn/plan_io.h"

enum { BORDER_NOTHING = INT_MIN }; /* no position that anything asks for */

/* The pixel of a side of `n` pixels that stands for position `i`, or BORDER_NOTHING where `border`
 * is zero and `i` lies outside. Reflection does not repeat the edge (PyTorch's `reflect`) and goes
 * on as a zigzag however far out. BORDER_MODEL replicates: what lies past the edge is only ever
 * asked for to fill a window up to the model's alignment. */
int border_map(enum model_border border, int i, int n);

/* The pixels that stand for the positions of `s`, of which at least one lies inside the side. */
struct span border_hull(enum model_border border, int n, struct span s);

#endif
