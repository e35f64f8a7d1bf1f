/* png_writer_params.h - the parameters of a PNG to write: format, compression, metadata. */
#ifndef UPSCALED_PNG_PNG_WRITER_PARAMS_H
#define UPSCALED_PNG_PNG_WRITER_PARAMS_H

#include "engine/image/image.h"
#include "engine/png/png_meta.h"

struct png_writer_params {
    struct image_format format;
    int compression; /* 0..9, see png_pack.h */
    enum png_metadata metadata;
    const struct png_meta *meta; /* the input's metadata, borrowed until png_writer_free; or NULL */
    struct image_format source;  /* the input's format: pHYs follows the change in size */
};

#endif
