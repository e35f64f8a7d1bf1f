/* png_repeats.h - finds pixels that repeat far away, as in tiles and atlases. Threads: pure
 * functions. */
#ifndef UPSCALED_PNG_PNG_REPEATS_H
#define UPSCALED_PNG_PNG_REPEATS_H

#include "engine/png/png_strip_work.h"

/* Searches quickly for repetitions that are up to 32 KiB apart. If there may be many, or if the
 * picture is to be `searched` in any case, counts the bits of packing with matches. Returns the
 * best way, which is `otherwise` if matches gain nothing, or too little for their time if it is not
 * to be searched. Overwrites w->before, w->filtered and w->room. */
struct png_way png_repeats_choose(const struct png_strip_work *w, struct png_way otherwise,
                                  bool searched);

#endif
