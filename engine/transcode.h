/* transcode.h - turns a PNG into a larger PNG: reads, upscales, writes. Requests and `upscaled
 * convert` both use it.
 *
 * The pool does all work on pixels while the caller sleeps. If pool_prefers_task says that a
 * request is short, one thread runs the whole of it. Threads: any number of threads may transcode
 * at a time. */
#ifndef UPSCALED_TRANSCODE_H
#define UPSCALED_TRANSCODE_H

#include "engine/base/buf.h"
#include "engine/transcode_params.h"

/* The arguments of transcode_run, borrowed until it returns. */
struct transcode_call {
    struct pool *pool;
    const struct transcode_params *params;
    upscale_progress *progress; /* gets 0..1, never from two threads at once; or NULL */
    void *progress_arg;
    const atomic_bool *cancel; /* or NULL */
};

/* The results of a run, for response headers, logs and messages. */
struct transcode_report {
    struct image_format in, out;
    struct chain chain;           /* the networks that ran; count 0: samples were copied */
    struct png_warnings warnings; /* the parts that were left out or mended */
    double decode_ms, network_ms, encode_ms; /* wall clock */
    double decode_ns, network_ns, encode_ns; /* processor time of the workers */
    double macs;                             /* multiply-adds of the network */
};

/* Appends the output to `out`. Empties `in` (buf_done) as soon as it is decoded, to save memory.
 * Sets *report on ERR_OK only; after an error the contents of `out` are undefined. Errors: those of
 * decode_run, transcode_target, upscale_run and encode_rows. */
enum err_code transcode_run(const struct transcode_call *call, struct buf *in, struct buf *out,
                            struct transcode_report *report, struct err *e);

#endif
