/* png_choose.h - chooses the filter and the method for a strip. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_CHOOSE_H
#define UPSCALED_PNG_PNG_CHOOSE_H

#include "engine/png/png_strip_work.h"

/* Chooses by a sample of the pixels. Overwrites w->filtered and w->room. */
struct png_way png_choose(const struct png_strip_work *w);

#endif
