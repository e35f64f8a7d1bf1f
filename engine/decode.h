/* decode.h - decodes the pixels and the metadata of a PNG in memory, on the threads of a pool.
 *
 * The caller sleeps while the pool works. Threads: any number of threads may decode at a time. */
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
    const uint8_t *bytes;      /* the whole file, borrowed */
    size_t length;
    struct png_limits limits;
};

/* Decodes a file. On ERR_OK the caller owns *img (image_free), and `meta` has the metadata. `meta`
 * must be initialised and empty, or NULL. Errors: those of png_reader.h, and ERR_CANCELLED. */
enum err_code decode_run(const struct decode_job *job, struct image **img, struct png_meta *meta,
                         struct err *e);

#endif
