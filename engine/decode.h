/* decode.h - the pixels and the metadata of a PNG in memory, decoded by the threads of a pool.
 *
 * The caller sleeps while the pool works. Threads: any, each with calls of its own. */
#ifndef UPSCALED_DECODE_H
#define UPSCALED_DECODE_H

#include <stdatomic.h>

#include "engine/base/pool.h"
#include "engine/image/image.h"
#include "engine/png/png_head.h"
#include "engine/png/png_meta.h"

struct decode_job {
    struct pool *pool;
    const atomic_bool *cancel; /* or NULL */
    const uint8_t *bytes;      /* of the whole file, borrowed */
    size_t length;
    struct png_limits limits;
};

/* Decodes a file. On ERR_OK the caller owns *img (image_free), and `meta`, which was initialised
 * and empty, has the metadata; it may be NULL. The errors of png_reader.h; ERR_CANCELLED. */
enum err_code decode_run(const struct decode_job *job, struct image **img, struct png_meta *meta,
                         struct err *e);

#endif
