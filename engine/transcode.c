/* transcode.c - see transcode.h. */
#include "engine/transcode.h"

#include <string.h>
#include <time.h>

#include "engine/base/clock.h"
#include "engine/base/mem.h"
#include "engine/png/png_keep.h"
#include "engine/png/png_reader.h"
#include "engine/png/png_writer.h"
#include "engine/transcode_memory.h"

enum {
    DECODE_PIXELS = 1 << 18, /* in one go before another request gets its turn: some 10 ms */
    SMALL_PIXELS = 1 << 16,  /* a picture that is not worth two threads' meeting */
};

/* A request under way. Libpng runs on the pool's threads, one piece at a time. */
struct work {
    struct pool *pool;
    const struct transcode_params *params;
    struct buf *in, *out;
    upscale_progress *progress;
    void *progress_arg;
    const atomic_bool *cancel;
    struct err *e;

    struct png_reader *reader;
    struct image *img;
    bool decoded;
    struct png_meta meta;
    struct image_format out_format;
    struct png_writer *writer;
    const uint8_t *rows; /* the band being written */
    size_t row_bytes;
    int count;
    int strip_rows;
    struct png_strip *strips; /* of that band */
    atomic_int strip_rc;      /* an error that one of them met */
    uint8_t *last_row;        /* of the band before */
    const uint8_t *above;     /* the same, once there is one */
    double decode_ms, encode_ms, all_ms;
    enum err_code rc; /* of the latest piece, or of the task */
};

/* Runs a serial step on the pool; the pool's own verdict comes first. */
static enum err_code on_pool(struct work *w, pool_piece *piece)
{
    enum err_code rc = pool_run(w->pool, 1, &(struct pool_pieces){piece, w, w->cancel}, w->e);
    return rc != ERR_OK ? rc : w->rc;
}

static void open_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    (void)i;
    (void)scratch;
    w->rc = png_reader_new(w->in->data, w->in->length, &w->params->limits, &w->reader, w->e);
}

static void decode_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    (void)scratch;
    png_reader_half(w->reader, i, w->img, DECODE_PIXELS, w->e);
}

/* Two turns make a small picture: what the first inflates the second unfilters. */
static void decode_small_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    (void)i;
    (void)scratch;
    for (int turn = 0; turn < 2 && w->rc == ERR_OK && !w->decoded; turn++)
        w->rc = png_reader_step(w->reader, w->img, DECODE_PIXELS, &w->decoded, w->e);
}

static enum err_code decode_turn(struct work *w)
{
    const struct image_format *f = &w->img->format;
    if ((int64_t)f->width * f->height <= SMALL_PIXELS)
        return on_pool(w, decode_small_piece);
    enum err_code rc = pool_run(w->pool, png_reader_halves(w->reader),
                                &(struct pool_pieces){decode_piece, w, w->cancel}, w->e);
    return rc == ERR_OK ? png_reader_turn(w->reader, &w->decoded) : rc;
}

/* Fills w->img and w->meta, and lets the file's bytes go. */
static enum err_code decode(struct work *w)
{
    enum err_code rc = on_pool(w, open_piece);
    if (rc == ERR_OK)
        rc = image_new(png_reader_format(w->reader), &w->img, w->e);
    while (rc == ERR_OK && !w->decoded)
        rc = decode_turn(w);
    if (rc == ERR_OK)
        rc = png_meta_copy(&w->meta, png_reader_meta(w->reader), w->e);
    png_reader_free(w->reader);
    w->reader = NULL;
    buf_done(w->in);
    return rc;
}

/* The rows of a strip, and where they begin. */
static struct png_strip *strip_of(struct work *w, int i, int *y, int *rows)
{
    *y = i * w->strip_rows;
    *rows = w->count - *y < w->strip_rows ? w->count - *y : w->strip_rows;
    return &w->strips[i];
}

static void encode_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    int y, rows;
    struct png_strip *strip = strip_of(w, i, &y, &rows);
    const uint8_t *pixels = w->rows + (size_t)y * w->row_bytes;
    const uint8_t *above = i > 0 ? pixels - w->row_bytes : w->above;
    struct err e = ERR_INIT; /* pieces run side by side */
    struct png_strip_job job = {
        .format = w->out_format,
        .compression = w->params->compression,
        .pixels = pixels,
        .row_bytes = w->row_bytes,
        .above = above,
        .rows = rows,
    };
    enum err_code rc = png_strip_encode(&job, scratch, strip, &e);
    if (rc != ERR_OK)
        atomic_store(&w->strip_rc, rc);
}

/* Adds the strips in order and keeps the last row, which the next band's first strip needs. */
static void add_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    int last = (w->count - 1) / w->strip_rows;
    (void)i;
    (void)scratch;
    w->rc = ERR_OK;
    for (int k = 0; k <= last && w->rc == ERR_OK; k++)
        w->rc = png_writer_add(w->writer, &w->strips[k], w->e);
    memcpy(w->last_row, w->rows + (size_t)(w->count - 1) * w->row_bytes, w->row_bytes);
    w->above = w->last_row;
}

static enum err_code make_strips(struct work *w)
{
    int strips = (w->count + w->strip_rows - 1) / w->strip_rows;
    w->strips = mem_calloc((size_t)strips, sizeof *w->strips);
    if (!w->strips)
        return err_set(w->e, ERR_MEMORY, "out of memory for %d strips", strips);
    enum err_code rc =
        pool_run(w->pool, strips, &(struct pool_pieces){encode_piece, w, w->cancel}, w->e);
    if (rc == ERR_OK && w->strip_rc != ERR_OK)
        rc = err_set(w->e, (enum err_code)w->strip_rc, "out of memory to encode a PNG");
    if (rc == ERR_OK)
        rc = on_pool(w, add_piece);
    for (int k = 0; k < strips; k++)
        buf_done(&w->strips[k].chunk);
    mem_free(w->strips);
    w->strips = NULL;
    return rc;
}

/* The sink of upscale_run: a band's rows. */
static enum err_code encode_band(void *arg, const uint8_t *pixels, size_t row_bytes, int count,
                                 struct err *e)
{
    struct work *w = arg;
    int64_t from = clock_ns();
    (void)e; /* the same as w->e */
    w->rows = pixels;
    w->row_bytes = row_bytes;
    w->count = count;
    enum err_code rc = make_strips(w);
    w->encode_ms += clock_ms_between(from, clock_ns());
    return rc;
}

static void begin_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    (void)i;
    (void)scratch;
    struct png_writer_params params = {
        .format = w->out_format,
        .compression = w->params->compression,
        .metadata = w->params->metadata,
        .meta = &w->meta,
        .source = w->img->format,
    };
    /* at once, or copies from a smaller to a larger buffer would take twice as much */
    size_t bound =
        png_writer_bound(&w->out_format, w->out_format.height) + png_keep_bound(&w->meta);
    w->rc = buf_reserve(w->out, bound < w->out->max ? bound : w->out->max, w->e);
    if (w->rc == ERR_OK)
        w->rc = png_writer_new(&params, w->out, &w->writer, w->e);
}

static void end_piece(void *arg, int i, void *scratch)
{
    struct work *w = arg;
    (void)i;
    (void)scratch;
    w->rc = png_writer_finish(w->writer, w->e);
    buf_fit(w->out);
}

static enum err_code enlarge(struct work *w)
{
    const struct transcode_params *params = w->params;
    struct upscale_params up;
    enum err_code rc = transcode_target(params, &w->img->format, &up, &w->out_format, w->e);
    if (rc != ERR_OK)
        return rc;
    w->strip_rows = up.band_multiple;
    size_t scratch;
    rc = png_strip_scratch_bytes(&w->out_format, &scratch, w->e);
    if (rc == ERR_OK)
        rc = pool_reserve(w->pool, scratch, w->e);
    if (rc != ERR_OK)
        return rc;
    w->last_row = mem_alloc(1, image_row_bytes(&w->out_format));
    if (!w->last_row)
        return err_set(w->e, ERR_MEMORY, "out of memory for a row of %d pixels", up.width);
    rc = on_pool(w, begin_piece);
    if (rc == ERR_OK)
        rc = upscale_run(w->pool, &up, w->img, (struct upscale_sink){encode_band, w}, w->progress,
                         w->progress_arg, w->cancel, w->e);
    if (rc == ERR_OK)
        rc = on_pool(w, end_piece);
    return rc;
}

static enum err_code make(struct work *w)
{
    int64_t begun = clock_ns();
    enum err_code rc = decode(w);
    w->decode_ms = clock_ms_between(begun, clock_ns());
    if (rc == ERR_OK)
        rc = enlarge(w);
    w->all_ms = clock_ms_between(begun, clock_ns());
    return rc;
}

static void make_task(void *arg, struct pool *alone)
{
    struct work *w = arg;
    w->pool = alone;
    w->rc = make(w);
}

enum err_code transcode_run(struct pool *pool, const struct transcode_params *params,
                            struct buf *in, struct buf *out, upscale_progress *progress,
                            void *progress_arg, const atomic_bool *cancel,
                            struct transcode_report *report, struct err *e)
{
    struct work w = {.pool = pool,
                     .params = params,
                     .in = in,
                     .out = out,
                     .progress = progress,
                     .progress_arg = progress_arg,
                     .cancel = cancel,
                     .e = e};
    enum err_code rc;
    png_meta_init(&w.meta);
    if (pool_prefers_task(pool)) {
        rc = pool_run_task(pool, make_task, &w, cancel, e);
        rc = rc != ERR_OK ? rc : w.rc;
    } else {
        rc = make(&w);
    }
    if (rc == ERR_OK)
        *report = (struct transcode_report){
            .in = w.img->format,
            .out = w.out_format,
            .animated = w.meta.animated,
            .decode_ms = w.decode_ms,
            .network_ms = w.all_ms - w.decode_ms - w.encode_ms,
            .encode_ms = w.encode_ms,
        };
    buf_done(in); /* a task that was cancelled before it began has not */
    png_writer_free(w.writer);
    mem_free(w.last_row);
    png_meta_done(&w.meta);
    image_free(w.img);
    return rc;
}
