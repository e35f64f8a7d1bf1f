/* write_png.h - for tests: a whole picture written, strip by strip, by the calling thread. */
#ifndef UPSCALED_TESTS_LIB_WRITE_PNG_H
#define UPSCALED_TESTS_LIB_WRITE_PNG_H

#include "engine/png/png_writer.h"

/* As params say, whose format is the picture's. The errors of png_writer_* and png_strip_encode. */
enum err_code write_png(const struct png_writer_params *params, const struct image *img,
                        struct buf *out, struct err *e);

#endif
