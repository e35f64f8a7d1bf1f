/* png_writer_params.h - what a PNG is to be: its format, its size on disk, what it says. */
#ifndef UPSCALED_PNG_PNG_WRITER_PARAMS_H
#define UPSCALED_PNG_PNG_WRITER_PARAMS_H

#include "engine/image/image.h"
#include "engine/png/png_meta.h"

struct png_writer_params {
    struct image_format format;
    int compression; /* 0..9, see png_pack.h */
    enum png_metadata metadata;
    const struct png_meta *meta; /* what the input said, borrowed until png_writer_free; or NULL */
    struct image_format source;  /* the input's format: pHYs follows the change in size */
};

#endif
