/* transcode_memory.h - computes how much memory a request will need, by its first bytes.
 *
 * peak = the larger of   body + decoded picture + decoder            (decoding)
 *                and     decoded picture + answer + bands in work    (enlarging)
 *
 * This is an upper bound of what transcode_run allocates; a test counts the allocations. It assumes
 * the largest possible answer, as if nothing could be compressed. Pages of the answer that are not
 * written are never touched, so the process grows by less. The pool's scratch is not included: it
 * belongs to the threads, whatever the number of requests. */
#ifndef UPSCALED_TRANSCODE_MEMORY_H
#define UPSCALED_TRANSCODE_MEMORY_H

#include "engine/transcode_params.h"

/* The amount of work. */
struct transcode_work {
    struct upscale_work network;
    double in_bytes, out_bytes; /* of the samples that are decoded, and encoded */
    double packed_bytes;        /* the most bytes of the file that hold pixels */
    bool interlaced, resized;
};

struct transcode_memory {
    struct image_format in, out; /* channels: the most that the picture can have */
    size_t decoding;             /* while decoding, beside the file's bytes */
    size_t enlarging;            /* afterwards; the file's bytes are freed */
    size_t answer;               /* the part of `enlarging` for the largest answer */
    size_t peak;                 /* of the whole request, its file included */
    size_t scratch;              /* that each of the pool's threads brings (pool_reserve) */
    struct transcode_work work;
    struct chain chain; /* that will run */
};

/* Computes the memory. At least PNG_HEAD_BYTES of the file must be there; with the whole file the
 * bounds are tighter. The errors are those of png_head_read and upscale_output_size,
 * ERR_OUTPUT_TOO_LARGE, and ERR_TOO_MANY_PIXELS beyond max_whole_bytes. Takes microseconds. */
enum err_code transcode_memory(struct pool *pool, const struct transcode_params *params,
                               const struct png_prefix *file, struct transcode_memory *out,
                               struct err *e);

/* Finds the parameters and the format of the output for a picture of format `in`. transcode_run
 * uses it too. The errors are those of upscale_output_size, ERR_BAD_PARAMETER if no chain makes the
 * size, and ERR_OUTPUT_TOO_LARGE. */
enum err_code transcode_target(const struct transcode_params *params, const struct image_format *in,
                               struct upscale_params *up, struct image_format *out, struct err *e);

#endif
