/* border.h - what lies beyond a picture's edge, one axis at a time. Threads: pure functions. */
#ifndef UPSCALED_TILES_BORDER_H
#define UPSCALED_TILES_BORDER_H

#include <limits.h>

#include "engine/nn/model.h"

enum { BORDER_NOTHING = INT_MIN }; /* no position that anything asks for */

/* The pixel of a side of `n` pixels that stands for position `i`, or BORDER_NOTHING where `border`
 * is zero and `i` lies outside. Reflection does not repeat the edge (PyTorch's `reflect`) and goes
 * on as a zigzag however far out. BORDER_MODEL replicates: what lies past the edge is only ever
 * asked for to fill a window up to the model's alignment. */
int border_map(enum model_border border, int i, int n);

/* The pixels *first..*last-1 that positions from..to-1 stand for; at least one of these lies
 * inside the side. */
void border_hull(enum model_border border, int n, int from, int to, int *first, int *last);

#endif
