/* transcode_params.h - the parameters of transcode_run, and its limits. */
#ifndef UPSCALED_TRANSCODE_PARAMS_H
#define UPSCALED_TRANSCODE_PARAMS_H

#include "engine/png/png_head.h"
#include "engine/png/png_meta.h"
#include "engine/upscale.h"

struct transcode_params {
    struct chain_set set; /* the networks to choose from */
    struct upscale_size size;
    int border;          /* enum model_border, or -1 for the model's own */
    bool separate_alpha; /* see upscale.h */
    bool restores;       /* see upscale.h */
    int depth;           /* 8, 16, or 0 for the input's own */
    int compression;     /* 0..9 */
    enum png_metadata metadata;
    struct png_limits limits;
    uint64_t max_output_pixels; /* --max-output-pixels */
    size_t max_output_bytes;    /* --max-output-bytes: the most bytes of the output */
    size_t max_whole_bytes;     /* --max-whole-bytes, see upscale.h */
};

#endif
