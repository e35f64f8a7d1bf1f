/* png_filter.h - PNG's row filters by their numbers. PNG specification, 9.2. */
#ifndef UPSCALED_PNG_PNG_FILTER_H
#define UPSCALED_PNG_PNG_FILTER_H

enum png_filter {
    FILTER_NONE,
    FILTER_SUB,
    FILTER_UP,
    FILTER_AVERAGE,
    FILTER_PAETH,
    FILTER_EACH /* not of PNG: for each row one of those above, which png_each.h chooses */
};

#endif
