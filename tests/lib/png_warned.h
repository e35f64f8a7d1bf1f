/* png_warned.h - for tests: the warnings of the reader about a file. */
#ifndef UPSCALED_TESTS_LIB_PNG_WARNED_H
#define UPSCALED_TESTS_LIB_PNG_WARNED_H

#include "engine/png/png_reader.h"
#include "tests/lib/png_build.h"

/* Decodes a file. Returns the warnings of the whole decoding in *w. */
enum err_code warned_decode(const struct bytes *file, struct image **img, struct png_warnings *w,
                            struct err *e);

/* Returns the one kind of warning that a file causes, or PNG_WARNINGS if there is none. Returns -1
 * if the file is refused, or if its pixels differ from those that libpng reads from `same`. */
int warned_kind(const struct bytes *file, const struct bytes *same, struct png_warnings *w);

#endif
