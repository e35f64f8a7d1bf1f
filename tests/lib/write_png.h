/* write_png.h - for tests: writes a whole picture as PNG, strip by strip, on the calling thread. */
#ifndef UPSCALED_TESTS_LIB_WRITE_PNG_H
#define UPSCALED_TESTS_LIB_WRITE_PNG_H

#include "engine/png/png_writer.h"

/* Appends the file to `out`. The format in `params` is that of the picture. The errors are those of
 * png_writer_* and png_strip_encode. */
enum err_code write_png(const struct png_writer_params *params, const struct image *img,
                        struct buf *out, struct err *e);

#endif
