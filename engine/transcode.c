/* transcode.c - see transcode.h: decode, upscale, encode. */
#include "engine/transcode.h"

#include "engine/base/clock.h"
#include "engine/decode.h"
#include "engine/encode.h"
#include "engine/transcode_memory.h"

/* A request that is being computed. */
struct transcode {
    const struct transcode_call *call;
    struct pool *pool; /* the caller's or, for a short request, that of its one worker */
    struct buf *in, *out;
    struct image *img;
    struct png_meta meta;
    struct image_format out_format;
    struct chain chain;
    struct encode *encode;
    double decode_ms, encode_ms, all_ms; /* wall clock */
    double decode_ns, encode_ns, all_ns; /* processor time */
    atomic_uint_fast64_t macs;
    enum err_code rc; /* the result of the task */
    struct err *e;
};

/* Fills t->img and t->meta, and frees the file's bytes. */
static enum err_code decode(struct transcode *t)
{
    struct decode_job job = {.pool = t->pool,
                             .cancel = t->call->cancel,
                             .bytes = t->in->data,
                             .length = t->in->length,
                             .limits = t->call->params->limits};
    enum err_code rc = decode_run(&job, &t->img, &t->meta, t->e);
    buf_done(t->in);
    return rc;
}

static enum err_code begin_encoding(struct transcode *t)
{
    const struct transcode_params *params = t->call->params;
    struct encode_job job = {.pool = t->pool, .cancel = t->call->cancel, .out = t->out};
    job.params = (struct png_writer_params){
        .format = t->out_format,
        .compression = params->compression,
        .metadata = params->metadata,
        .meta = &t->meta,
        .source = t->img->format,
    };
    return encode_new(&job, &t->encode, t->e);
}

/* Takes a finished band from upscale_run and encodes its rows. */
static enum err_code encode_band(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                                 struct err *e)
{
    struct transcode *t = arg;
    int64_t from = clock_ns();
    double used = pool_used_ns(t->pool);
    enum err_code rc = encode_rows(t->encode, pixels, row_bytes, count, e);
    t->encode_ms += clock_ms_between(from, clock_ns());
    t->encode_ns += pool_used_ns(t->pool) - used;
    return rc;
}

static enum err_code enlarge(struct transcode *t)
{
    const struct transcode_call *call = t->call;
    struct upscale_hooks hooks = {.rows = encode_band,
                                  .rows_arg = t,
                                  .progress = call->progress,
                                  .progress_arg = call->progress_arg,
                                  .cancel = call->cancel};
    struct upscale_params up;
    enum err_code rc = transcode_target(call->params, &t->img->format, &up, &t->out_format, t->e);
    up.macs = &t->macs;
    t->chain = up.chain;
    if (!up.restores && t->out_format.width == t->img->format.width &&
        t->out_format.height == t->img->format.height)
        t->chain.count = 0;
    if (rc == ERR_OK)
        rc = begin_encoding(t);
    if (rc == ERR_OK)
        rc = upscale_run(t->pool, &up, t->img, &hooks, t->e);
    if (rc == ERR_OK)
        rc = encode_finish(t->encode, t->e);
    return rc;
}

static enum err_code make(struct transcode *t)
{
    int64_t begun = clock_ns();
    double used = pool_used_ns(t->pool);
    enum err_code rc = decode(t);
    t->decode_ms = clock_ms_between(begun, clock_ns());
    t->decode_ns = pool_used_ns(t->pool) - used;
    if (rc == ERR_OK)
        rc = enlarge(t);
    t->all_ms = clock_ms_between(begun, clock_ns());
    t->all_ns = pool_used_ns(t->pool) - used;
    return rc;
}

static void make_task(void *arg, struct pool *alone)
{
    struct transcode *t = arg;
    t->pool = alone;
    t->rc = make(t);
}

enum err_code transcode_run(const struct transcode_call *call, struct buf *in, struct buf *out,
                            struct transcode_report *report, struct err *e)
{
    struct transcode t = {.call = call, .pool = call->pool, .in = in, .out = out, .e = e};
    enum err_code rc;
    png_meta_init(&t.meta);
    if (pool_prefers_task(call->pool)) {
        rc = pool_run_task(call->pool, make_task, &t, call->cancel, e);
        rc = rc != ERR_OK ? rc : t.rc;
    } else {
        rc = make(&t);
    }
    if (rc == ERR_OK)
        *report = (struct transcode_report){
            .in = t.img->format,
            .out = t.out_format,
            .chain = t.chain,
            .warnings = t.meta.warnings[call->params->metadata],
            .decode_ms = t.decode_ms,
            .network_ms = t.all_ms - t.decode_ms - t.encode_ms,
            .encode_ms = t.encode_ms,
            .decode_ns = t.decode_ns,
            .network_ns = t.all_ns - t.decode_ns - t.encode_ns,
            .encode_ns = t.encode_ns,
            .macs = (double)t.macs,
        };
    buf_done(in); /* decode() did not run if a task was cancelled before it began */
    encode_free(t.encode);
    png_meta_done(&t.meta);
    image_free(t.img);
    return rc;
}
