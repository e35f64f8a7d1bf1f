/* png_repeats.h - pixels that repeat far away, as in tiles and atlases. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_REPEATS_H
#define UPSCALED_PNG_PNG_REPEATS_H

#include "engine/png/png_strip_work.h"

/* Looks quickly for repetitions, up to 32 KiB apart. Where there may be many, counts the bits of
 * packing with matches. Returns the way that suits, `otherwise` where that is none of these.
 * Overwrites w->before, w->filtered and w->room. */
struct png_way png_repeats_choose(const struct png_strip_work *w, struct png_way otherwise);

#endif
