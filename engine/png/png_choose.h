/* png_choose.h - which filter and which method suit a strip. Threads: pure functions. */
#ifndef UPSCALED_PNG_PNG_CHOOSE_H
#define UPSCALED_PNG_PNG_CHOOSE_H

#include "engine/png/png_strip_work.h"

/* Decides by a sample of the pixels. Overwrites w->filtered and w->room. */
struct png_way png_choose(const struct png_strip_work *w);

#endif
