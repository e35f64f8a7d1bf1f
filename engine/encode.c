/* encode.c - see encode.h. */
#include "engine/encode.h"

#include <string.h>

#include "engine/base/mem.h"
#include "engine/png/png_keep.h"

struct encode {
    struct encode_job job;
    struct png_writer *writer;
    int strip_rows;
    const uint8_t *rows; /* the batch that is being encoded */
    size_t row_bytes;
    int count;
    struct png_strip *strips; /* [strips of the batch] */
    struct png_way *ways;     /* [1 + strips of the batch]: ways[0] is the previous strip's */
    struct png_way last_way;  /* of the last strip of the previous batch */
    atomic_int strip_rc;      /* the error of a strip, if any */
    int kept_rows;            /* png_strip_above */
    uint8_t *kept;            /* [kept_rows]: the last rows of the previous batch */
    const uint8_t *above;     /* the last of them, or NULL before the second batch */
    enum err_code rc;         /* result of the latest piece */
    struct err *e;
};

/* Runs one piece. Returns the error of the pool, if there is one, and else that of the piece. */
static enum err_code run_piece(struct encode *c, pool_piece *piece, struct err *e)
{
    c->e = e;
    enum err_code rc = pool_run(c->job.pool, 1, &(struct pool_pieces){piece, c, c->job.cancel}, e);
    return rc != ERR_OK ? rc : c->rc;
}

static void begin_piece(void *arg, int i, void *scratch)
{
    struct encode *c = arg;
    const struct image_format *f = &c->job.params.format;
    struct buf *out = c->job.out;
    (void)i;
    (void)scratch;
    /* Reserves the whole size now, because growing the buffer later would need twice the memory. */
    size_t bound = png_writer_bound(f, f->height);
    if (c->job.params.meta)
        bound += png_keep_bound(c->job.params.meta);
    c->rc = buf_reserve(out, bound < out->max ? bound : out->max, c->e);
    if (c->rc == ERR_OK)
        c->rc = png_writer_new(&c->job.params, out, &c->writer, c->e);
}

enum err_code encode_new(const struct encode_job *job, struct encode **out, struct err *e)
{
    const struct image_format *f = &job->params.format;
    size_t scratch;
    enum err_code rc = png_strip_scratch_bytes(f, job->params.compression, &scratch, e);
    if (rc == ERR_OK)
        rc = pool_reserve(job->pool, scratch, e);
    if (rc != ERR_OK)
        return rc;
    struct encode *c = mem_calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ERR_MEMORY, "out of memory to encode a PNG");
    c->job = *job;
    c->strip_rows = png_strip_rows(f);
    c->kept_rows = png_strip_above(f);
    c->kept = mem_alloc((size_t)c->kept_rows, image_row_bytes(f));
    if (!c->kept)
        rc = err_set(e, ERR_MEMORY, "out of memory for rows of %d pixels", f->width);
    if (rc == ERR_OK)
        rc = run_piece(c, begin_piece, e);
    if (rc == ERR_OK) {
        *out = c;
        c = NULL;
    }
    encode_free(c);
    return rc;
}

void encode_free(struct encode *c)
{
    if (!c)
        return;
    png_writer_free(c->writer);
    mem_free(c->kept);
    mem_free(c);
}

static bool is_enlarged(const struct png_writer_params *p)
{
    return p->source.width > 0 &&
           (p->source.width != p->format.width || p->source.height != p->format.height);
}

static struct png_strip_job strip_job(const struct encode *c, int i)
{
    int y = i * c->strip_rows, left = c->count - y;
    const uint8_t *pixels = c->rows + (size_t)y * c->row_bytes;
    return (struct png_strip_job){
        .format = c->job.params.format,
        .compression = c->job.params.compression,
        .pixels = pixels,
        .row_bytes = c->row_bytes,
        .above = i > 0 ? pixels - c->row_bytes : c->above,
        .rows = left < c->strip_rows ? left : c->strip_rows,
        .enlarged = is_enlarged(&c->job.params),
        .way = c->ways[i + 1],
        .above_way = c->ways[i],
    };
}

static void way_piece(void *arg, int i, void *scratch)
{
    struct encode *c = arg;
    struct png_strip_job job = strip_job(c, i);
    c->ways[i + 1] = png_strip_way(&job, scratch);
}

static void strip_piece(void *arg, int i, void *scratch)
{
    struct encode *c = arg;
    struct err e = ERR_INIT; /* strips are encoded in parallel, so each has its own error */
    struct png_strip_job job = strip_job(c, i);
    enum err_code rc = png_strip_encode(&job, scratch, &c->strips[i], &e);
    if (rc != ERR_OK)
        atomic_store(&c->strip_rc, rc);
}

/* Adds the strips in order and keeps the last rows, which the first strip of the next batch needs.
 * All batches but the last have that many rows. */
static void add_piece(void *arg, int i, void *scratch)
{
    struct encode *c = arg;
    int last = (c->count - 1) / c->strip_rows;
    (void)i;
    (void)scratch;
    c->rc = ERR_OK;
    for (int k = 0; k <= last && c->rc == ERR_OK; k++)
        c->rc = png_writer_add(c->writer, &c->strips[k], c->e);
    int kept = c->count < c->kept_rows ? c->count : c->kept_rows;
    size_t bytes = (size_t)kept * c->row_bytes;
    memcpy(c->kept, c->rows + (size_t)c->count * c->row_bytes - bytes, bytes);
    c->above = c->kept + bytes - c->row_bytes;
    c->last_way = c->ways[last + 1];
}

/* Chooses how each strip is encoded, and then encodes all of them: the choice for a strip depends
 * on the choice for the strip before. */
static enum err_code encode_strips(struct encode *c, int strips, struct err *e)
{
    c->ways[0] = c->last_way;
    enum err_code rc =
        pool_run(c->job.pool, strips, &(struct pool_pieces){way_piece, c, c->job.cancel}, e);
    if (rc == ERR_OK)
        rc = pool_run(c->job.pool, strips, &(struct pool_pieces){strip_piece, c, c->job.cancel}, e);
    if (rc == ERR_OK && c->strip_rc != ERR_OK)
        rc = err_set(e, (enum err_code)c->strip_rc, "out of memory to encode a PNG");
    return rc;
}

enum err_code encode_rows(struct encode *c, const uint8_t *pixels, size_t row_bytes, int count,
                          struct err *e)
{
    int strips = (count + c->strip_rows - 1) / c->strip_rows;
    c->rows = pixels;
    c->row_bytes = row_bytes;
    c->count = count;
    enum err_code rc = ERR_OK;
    c->strips = mem_calloc((size_t)strips, sizeof *c->strips);
    c->ways = mem_calloc((size_t)strips + 1, sizeof *c->ways);
    if (!c->strips || !c->ways) {
        strips = 0;
        rc = err_set(e, ERR_MEMORY, "out of memory for the strips of %d rows", count);
    }
    if (rc == ERR_OK)
        rc = encode_strips(c, strips, e);
    if (rc == ERR_OK)
        rc = run_piece(c, add_piece, e);
    for (int k = 0; k < strips; k++)
        buf_done(&c->strips[k].chunk);
    mem_free(c->ways);
    mem_free(c->strips);
    c->ways = NULL;
    c->strips = NULL;
    return rc;
}

static void end_piece(void *arg, int i, void *scratch)
{
    struct encode *c = arg;
    (void)i;
    (void)scratch;
    c->rc = png_writer_finish(c->writer, c->e);
    buf_fit(c->job.out);
}

enum err_code encode_finish(struct encode *c, struct err *e)
{
    return run_piece(c, end_piece, e);
}
