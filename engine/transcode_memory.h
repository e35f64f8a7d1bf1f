/* transcode_memory.h - computes from the first bytes of a file how much memory a request needs.
 *
 * peak = the larger of   body + decoded picture + decoder            (decoding)
 *                and     decoded picture + answer + bands in work    (enlarging)
 *
 * This is an upper bound of what transcode_run allocates; a test counts the allocations. It assumes
 * the largest possible answer, as if nothing could be compressed. The process grows by less,
 * because the system provides only the pages of the answer that are written. The pool's scratch is
 * not included: it belongs to the threads and does not grow with the number of requests.
 * Threads: any. */
#ifndef UPSCALED_TRANSCODE_MEMORY_H
#define UPSCALED_TRANSCODE_MEMORY_H

#include "engine/transcode_params.h"

/* The amounts of work, by kind. */
struct transcode_work {
    struct upscale_work network;
    double in_bytes, out_bytes; /* the samples that are decoded, and that are encoded */
    double packed_bytes;        /* upper bound of the file's bytes that hold pixels */
    bool interlaced, resized;
};

struct transcode_memory {
    struct image_format in, out; /* channels: the most that the picture can have */
    size_t decoding;             /* bytes while decoding, without the file itself */
    size_t enlarging;            /* bytes afterwards, when the file is freed */
    size_t answer;               /* the part of `enlarging` for the largest answer */
    size_t peak;                 /* bytes of the whole request, its file included */
    size_t scratch;              /* bytes that each thread of the pool needs (pool_reserve) */
    struct transcode_work work;
    struct chain chain; /* the networks that will run */
};

/* Computes the memory. `file` has at least PNG_HEAD_BYTES; with the whole file the bounds are
 * tighter. Takes microseconds. Errors: those of png_head_read, transcode_target and
 * upscale_memory. */
enum err_code transcode_memory(struct pool *pool, const struct transcode_params *params,
                               const struct png_prefix *file, struct transcode_memory *out,
                               struct err *e);

/* Finds the parameters and the format of the output for a picture of format `in`. transcode_run
 * uses it too. Errors: those of upscale_output_size, ERR_BAD_PARAMETER if no chain makes the size,
 * and ERR_OUTPUT_TOO_LARGE. */
enum err_code transcode_target(const struct transcode_params *params, const struct image_format *in,
                               struct upscale_params *up, struct image_format *out, struct err *e);

#endif
