/* transcode.h - one PNG in, one larger PNG out: read, upscale, write. What a request and
 * `upscaled convert` have in common. All pixel work is done by the pool; the caller sleeps. What
 * pool_prefers_task says is short is done whole by one of its threads. */
#ifndef UPSCALED_TRANSCODE_H
#define UPSCALED_TRANSCODE_H

#include "engine/base/buf.h"
#include "engine/transcode_params.h"

/* Who asks, and how: borrowed for the time of transcode_run. */
struct transcode_call {
    struct pool *pool;
    const struct transcode_params *params;
    upscale_progress *progress; /* told a fraction in 0..1, never by two threads at once; or NULL */
    void *progress_arg;
    const atomic_bool *cancel; /* or NULL */
};

/* What happened, for headers, logs and people. */
struct transcode_report {
    struct image_format in, out;
    struct chain chain;                      /* that ran, unless samples were copied */
    struct png_warnings warnings;            /* what was left out or mended */
    double decode_ms, network_ms, encode_ms; /* wall clock */
    double decode_ns, network_ns, encode_ns; /* processor time of the workers */
    double macs;                             /* multiply-adds of the network */
};

/* Appends the answer to `out`. `in` is emptied (buf_done) as soon as it is decoded, to save memory.
 * On an error `out` holds nothing of use. */
enum err_code transcode_run(const struct transcode_call *call, struct buf *in, struct buf *out,
                            struct transcode_report *report, struct err *e);

#endif
